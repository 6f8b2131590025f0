//! What is known of an instance's second factors.

use entity::challenge::Channel;
use entity::instance::{Column, Entity, Model};
use sea_orm::sea_query::{Expr, LockType};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use crate::db::{DatabaseError, WriteTransaction, unique::only};

/// The contacts of an instance, and which of them are proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecondFactors {
    /// The contact for mail.
    pub email: Option<String>,
    /// The contact for text messages.
    pub phone: Option<String>,
    /// The e-mail address that was proven.
    pub email_factor: Option<String>,
    /// The phone number that was proven.
    pub phone_factor: Option<String>,
    /// Whether every mandatory channel must have a factor.
    pub is_bound: bool,
}

impl SecondFactors {
    /// The channels, in the order in which they are offered.
    pub const CHANNELS: [Channel; 2] = [Channel::Email, Channel::Sms];

    /// The address that the owner states; an empty one is none.
    #[must_use]
    pub fn contact(&self, channel: Channel) -> Option<&str> {
        let contact = match channel {
            Channel::Email => &self.email,
            Channel::Sms => &self.phone,
        };
        contact
            .as_deref()
            .filter(|contact| !contact.trim().is_empty())
    }

    /// The address that was proven.
    #[must_use]
    pub fn factor(&self, channel: Channel) -> Option<&str> {
        match channel {
            Channel::Email => self.email_factor.as_deref(),
            Channel::Sms => self.phone_factor.as_deref(),
        }
    }

    /// Whether the stated address is the proven one.
    #[must_use]
    pub fn is_validated(&self, channel: Channel) -> bool {
        self.contact(channel).is_some() && self.contact(channel) == self.factor(channel)
    }

    /// Whether a factor is missing on one of these channels, where the instance must have them all.
    #[must_use]
    pub fn lacks(&self, mandatory: &[Channel]) -> bool {
        self.is_bound
            && mandatory
                .iter()
                .any(|channel| self.factor(*channel).is_none())
    }
}

impl From<&Model> for SecondFactors {
    fn from(stored: &Model) -> Self {
        Self {
            email: stored.email.clone(),
            phone: stored.phone_number.clone(),
            email_factor: stored.email_factor.clone(),
            phone_factor: stored.phone_factor.clone(),
            is_bound: stored.is_bound,
        }
    }
}

/// The instance with that serial, deleted or not, which nobody changes until this write ends.
///
/// # Errors
/// [`DatabaseError::Fetch`] and the like.
pub async fn find_locked(
    transaction: &WriteTransaction,
    serial: i64,
) -> Result<Option<Model>, DatabaseError> {
    let found = Entity::find_by_id(serial).lock(LockType::NoKeyUpdate);
    Ok(only(transaction, found).await?)
}

/// Makes an address the factor of a channel, or drops the factor. The challenges that the old one concerns end with it: see
/// [`crate::db::challenge::end_of_channel`].
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn set_factor(
    transaction: &WriteTransaction,
    serial: i64,
    channel: Channel,
    address: Option<&str>,
) -> Result<(), DatabaseError> {
    let update = Entity::update_many()
        .col_expr(
            factor_column(channel),
            Expr::value(address.map(str::to_owned)),
        )
        .filter(Column::Serial.eq(serial));
    update.exec(transaction).await?;
    Ok(())
}

/// Instances that cannot be reached by codes as they should be: the first ones of each kind, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreachable {
    /// They have factors, but none on a channel that is configured: whatever needs a code fails.
    pub without_channel: Vec<String>,
    /// They signed up by themselves and lack a mandatory factor: little works until they prove a contact.
    pub without_mandatory_factor: Vec<String>,
}

/// Finds instances that codes cannot reach, at most `most` of each kind.
///
/// # Errors
/// [`DatabaseError::Fetch`] and the like.
pub async fn find_unreachable(
    connection: &impl ConnectionTrait,
    configured: &[Channel],
    mandatory: &[Channel],
    most: u64,
) -> Result<Unreachable, DatabaseError> {
    let find = async |condition: Condition| {
        let names = Entity::find()
            .select_only()
            .column(Column::InstanceId)
            .filter(Column::DeletedAtUs.is_null())
            .filter(condition)
            .order_by_asc(Column::InstanceId)
            .limit(most);
        names.into_tuple().all(connection).await
    };
    let (mut has_factor, mut cannot_be_asked) = (Condition::any(), Condition::all());
    for channel in SecondFactors::CHANNELS {
        has_factor = has_factor.add(factor_column(channel).is_not_null());
        if configured.contains(&channel) {
            cannot_be_asked = cannot_be_asked.add(factor_column(channel).is_null());
        }
    }
    let lacking = mandatory.iter().fold(Condition::any(), |lacking, channel| {
        lacking.add(factor_column(*channel).is_null())
    });
    let is_bound = Condition::all().add(Column::IsBound.eq(true));
    Ok(Unreachable {
        without_channel: find(Condition::all().add(has_factor).add(cannot_be_asked)).await?,
        without_mandatory_factor: match mandatory.is_empty() {
            true => Vec::new(),
            false => find(is_bound.add(lacking)).await?,
        },
    })
}

const fn factor_column(channel: Channel) -> Column {
    match channel {
        Channel::Email => Column::EmailFactor,
        Channel::Sms => Column::PhoneFactor,
    }
}
