//! Who is asked, over which addresses: rules without any I/O.

use entity::challenge::{Channel, Role};

use crate::db::instance::SecondFactors;

/// An address that a code may be sent to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// How.
    pub channel: Channel,
    /// Where.
    pub address: String,
    /// What the address is to the instance.
    pub role: Role,
}

/// What must be solved before a request takes effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Requirement {
    /// Nothing: nobody can be asked, and nobody need be.
    Nothing,
    /// One of these.
    Any(Vec<Target>),
    /// Each of these.
    All(Vec<Target>),
    /// A code that cannot be sent: the request must fail.
    Impossible,
}

impl Requirement {
    /// Whether these solved challenges are enough.
    #[must_use]
    pub fn is_met_by(&self, solved: &[Target]) -> bool {
        match self {
            Self::Nothing => true,
            Self::Any(targets) => targets.iter().any(|target| solved.contains(target)),
            Self::All(targets) => targets.iter().all(|target| solved.contains(target)),
            Self::Impossible => false,
        }
    }

    /// What is still to be solved.
    #[must_use]
    pub fn missing(&self, solved: &[Target]) -> Vec<Target> {
        let unsolved = |targets: &[Target]| {
            let targets = targets.iter().filter(|target| !solved.contains(target));
            targets.cloned().collect()
        };
        match self {
            Self::Nothing | Self::Impossible => Vec::new(),
            Self::Any(targets) | Self::All(targets) => unsolved(targets),
        }
    }

    /// Whether each challenge must be solved, and not any one.
    #[must_use]
    pub fn is_all(&self) -> bool {
        matches!(self, Self::All(_))
    }

    fn all(targets: Vec<Target>) -> Self {
        match targets.is_empty() {
            true => Self::Impossible,
            false => Self::All(targets),
        }
    }
}

/// Which rule says what must be solved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// [`Rules::protected`].
    Protected,
    /// [`Rules::login`].
    Login,
    /// [`Rules::reset`].
    Reset,
    /// [`Rules::sign_up`].
    SignUp,
    /// [`Rules::validation`].
    Validation(Channel),
}

/// The rules for an instance, on a server where codes can be sent over some channels.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    /// The instance.
    pub factors: &'a SecondFactors,
    /// The channels over which codes can be sent.
    pub configured: &'a [Channel],
    /// The channels on which an instance that signed up by itself must have a factor.
    pub mandatory: &'a [Channel],
}

impl Rules<'_> {
    /// What a rule demands.
    #[must_use]
    pub fn requirement(self, rule: Rule) -> Requirement {
        match rule {
            Rule::Protected => self.protected(),
            Rule::Login => self.login(),
            Rule::Reset => self.reset(),
            Rule::SignUp => self.sign_up(),
            Rule::Validation(channel) => self.validation(channel),
        }
    }

    /// For what only the owner may do: any one factor. Without a factor nobody is asked.
    #[must_use]
    pub fn protected(self) -> Requirement {
        let targets = self.usable_factors();
        match targets.is_empty() {
            true if self.has_factor() => Requirement::Impossible,
            true => Requirement::Nothing,
            false => Requirement::Any(targets),
        }
    }

    /// For a login by password: as [`Self::protected`], but an instance that lacks a mandatory factor also proves the missing contact, where it has one.
    #[must_use]
    pub fn login(self) -> Requirement {
        if !self.factors.lacks(self.mandatory) {
            return self.protected();
        }
        let existing = self.usable_factors().into_iter().next();
        if existing.is_none() && self.has_factor() {
            return Requirement::Impossible;
        }
        let missing = self.mandatory.iter().filter(|channel| {
            self.factors.factor(**channel).is_none() && self.configured.contains(channel)
        });
        let missing = missing.filter_map(|channel| self.contact(*channel));
        let targets: Vec<_> = existing.into_iter().chain(missing).collect();
        match targets.is_empty() {
            true => Requirement::Nothing,
            false => Requirement::All(targets),
        }
    }

    /// For a forgotten password: every factor, or without any every contact, since nothing else says who asks.
    #[must_use]
    pub fn reset(self) -> Requirement {
        Requirement::all(match self.has_factor() {
            true => self.usable_factors(),
            false => self.usable_contacts(),
        })
    }

    /// For a sign-up: every contact that a code can be sent to.
    #[must_use]
    pub fn sign_up(self) -> Requirement {
        let targets = self.usable_contacts();
        match targets.is_empty() {
            true => Requirement::Nothing,
            false => Requirement::All(targets),
        }
    }

    /// For making the contact of a channel a factor, or dropping the factor where the contact is gone.
    #[must_use]
    pub fn validation(self, channel: Channel) -> Requirement {
        let Some(contact) = self.contact(channel) else {
            return match self.factors.factor(channel) {
                Some(_) => self.protected(),
                None => Requirement::Impossible,
            };
        };
        if self.factors.is_validated(channel) {
            return Requirement::Nothing;
        }
        if !self.configured.contains(&channel) {
            return Requirement::Impossible;
        }
        let usable = self.usable_factors();
        let on_another_channel = usable.iter().find(|factor| factor.channel != channel);
        match on_another_channel.or(usable.first()) {
            Some(existing) => Requirement::All(vec![existing.clone(), contact]),
            None if self.has_factor() => Requirement::Impossible,
            None => Requirement::All(vec![contact]),
        }
    }

    fn has_factor(self) -> bool {
        let mut channels = SecondFactors::CHANNELS.into_iter();
        channels.any(|channel| self.factors.factor(channel).is_some())
    }

    fn usable_factors(self) -> Vec<Target> {
        self.usable(Role::Factor, |channel| self.factors.factor(channel))
    }

    fn usable_contacts(self) -> Vec<Target> {
        self.usable(Role::Contact, |channel| self.factors.contact(channel))
    }

    fn contact(self, channel: Channel) -> Option<Target> {
        self.factors.contact(channel).map(|address| Target {
            channel,
            address: address.to_owned(),
            role: Role::Contact,
        })
    }

    fn usable<'f>(self, role: Role, address: impl Fn(Channel) -> Option<&'f str>) -> Vec<Target> {
        let channels = SecondFactors::CHANNELS.into_iter();
        let configured = channels.filter(|channel| self.configured.contains(channel));
        let targets = configured.filter_map(|channel| {
            address(channel).map(|address| Target {
                channel,
                address: address.to_owned(),
                role,
            })
        });
        targets.collect()
    }
}

#[cfg(test)]
mod tests;
