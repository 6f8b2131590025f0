//! The right to act that solved challenges give.

use entity::challenge::Role;

use super::{Requirement, Target, tan_channel};
use crate::{
    audit::{Event, MaskedAddress, Recorder},
    db::{
        self, WriteTransaction, challenge, credential,
        instance::{SecondFactors, set_factor},
    },
    error::Error,
};

/// An instance whose second factor is asked, as it was when that was decided.
#[derive(Clone, Debug)]
pub(super) struct Holder {
    pub(super) serial: i64,
    pub(super) instance_id: String,
    pub(super) credential_version: i64,
    pub(super) factors: SecondFactors,
}

impl Holder {
    /// What it means for the instance that this contact becomes a factor.
    fn new_factor(&self, contact: &Target) -> Event {
        let channel = tan_channel(contact.channel);
        let address = MaskedAddress::of(channel, &contact.address);
        match self.factors.factor(contact.channel) {
            None => Event::FactorAdded { channel, address },
            Some(from) => Event::FactorMoved {
                channel,
                from: MaskedAddress::of(channel, from),
                address,
            },
        }
    }
}

/// The right to act once: nobody had to be asked, or whoever was has confirmed. It is worth nothing until it is redeemed in the write that acts.
#[derive(Clone, Debug)]
pub struct Permit {
    pub(super) holder: Option<Holder>,
    /// The requests whose challenges are used up.
    pub(super) groups: Vec<i64>,
    /// What was asked for and proven.
    pub(super) proven: Vec<Target>,
}

impl Permit {
    pub(super) fn new(
        holder: Option<Holder>,
        requirement: &Requirement,
        solved: &[Target],
        groups: Vec<i64>,
    ) -> Self {
        let (proven, groups) = match requirement {
            Requirement::Nothing | Requirement::Impossible => (Vec::new(), Vec::new()),
            Requirement::Any(targets) | Requirement::All(targets) => {
                let proven = targets.iter().filter(|target| solved.contains(target));
                (proven.cloned().collect(), groups)
            }
        };
        Self {
            holder,
            groups,
            proven,
        }
    }

    /// The addresses that the codes went to.
    #[must_use]
    pub fn proven(&self) -> &[Target] {
        &self.proven
    }

    /// Uses it, inside the write that acts: its challenges are gone, and contacts that they proved are factors, which is recorded. Nothing of what it rests on may have changed meanwhile.
    ///
    /// # Errors
    /// [`Error::ConfirmationStale`]: the challenges were used by somebody else or have ended, or the instance's credential, contacts or factors
    /// are other ones now. The write must not go on.
    pub async fn redeem(
        &self,
        transaction: &WriteTransaction,
        audit: &Recorder,
    ) -> Result<(), Error> {
        if let Some(holder) = &self.holder {
            check(holder, transaction).await?;
        }
        if !self.groups.is_empty()
            && !challenge::consume(transaction, &self.groups, audit.now_us()).await?
        {
            return Err(Error::ConfirmationStale);
        }
        let Some(holder) = &self.holder else {
            return Ok(());
        };
        for target in &self.proven {
            if target.role == Role::Contact {
                let (serial, channel) = (holder.serial, target.channel);
                set_factor(transaction, serial, channel, Some(&target.address)).await?;
                challenge::end_of_channel(transaction, serial, channel, Role::Factor).await?;
                let event = holder.new_factor(target);
                audit
                    .record(transaction, &holder.instance_id, &event)
                    .await?;
            }
        }
        Ok(())
    }
}

/// Whether all is as it was, and makes it stay so until the write ends. Locks in the same order as a change of the credential.
async fn check(holder: &Holder, transaction: &WriteTransaction) -> Result<(), Error> {
    let Holder {
        serial,
        credential_version,
        factors,
        ..
    } = holder;
    let same_credential =
        credential::still_holds(transaction, *serial, *credential_version).await?;
    let instance = db::instance::find_locked(transaction, *serial).await?;
    let same_factors = instance.is_some_and(|instance| {
        instance.deleted_at_us.is_none() && SecondFactors::from(&instance) == *factors
    });
    if same_credential && same_factors {
        Ok(())
    } else {
        Err(Error::ConfirmationStale)
    }
}
