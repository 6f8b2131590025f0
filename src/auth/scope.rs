//! What an access token allows.

use std::fmt;
use std::str::FromStr;

/// The permission to trade a token for a fresh one. No scope has it: only tokens that were issued
/// as refreshable do.
pub const TOKEN_REFRESH: &str = "token-refresh";

/// A named set of permissions, as clients ask for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Every permission to read.
    ReadOnly,
    /// Everything; the older name of [`Scope::All`].
    Write,
    /// Everything.
    All,
    /// Everything; what the reference web interface asks for.
    Spa,
    /// Create orders and see whether they are paid.
    OrderSimple,
    /// [`Scope::OrderSimple`] and locking of inventory.
    OrderPos,
    /// [`Scope::OrderSimple`] and refunds.
    OrderMgmt,
    /// [`Scope::OrderPos`] and [`Scope::OrderMgmt`] together.
    OrderFull,
}

impl Scope {
    /// Every scope there is.
    pub const EVERY: [Self; 8] = [
        Self::ReadOnly,
        Self::Write,
        Self::All,
        Self::Spa,
        Self::OrderSimple,
        Self::OrderPos,
        Self::OrderMgmt,
        Self::OrderFull,
    ];

    /// The name in requests, answers and the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ReadOnly => "readonly",
            Self::Write => "write",
            Self::All => "all",
            Self::Spa => "spa",
            Self::OrderSimple => "order-simple",
            Self::OrderPos => "order-pos",
            Self::OrderMgmt => "order-mgmt",
            Self::OrderFull => "order-full",
        }
    }

    /// The permissions, where `*` stands for all and `*-read` for all that end in `-read`.
    const fn permissions(self) -> &'static [&'static str] {
        match self {
            Self::ReadOnly => &["*-read"],
            Self::Write | Self::All | Self::Spa => &["*"],
            Self::OrderSimple => &["orders-read", "orders-write"],
            Self::OrderPos => &["orders-read", "orders-write", "inventory-lock"],
            Self::OrderMgmt => &["orders-read", "orders-write", "orders-refund"],
            Self::OrderFull => &[
                "orders-read",
                "orders-write",
                "inventory-lock",
                "orders-refund",
            ],
        }
    }

    /// Whether the scope has this permission.
    pub fn grants(self, permission: &str) -> bool {
        permission != TOKEN_REFRESH
            && self.permissions().iter().any(|granted| match *granted {
                "*" => true,
                "*-read" => permission.ends_with("-read"),
                granted => granted == permission,
            })
    }

    /// Whether `other` has every permission of this scope.
    pub fn is_subset_of(self, other: Self) -> bool {
        // A pattern is granted like a permission: `*` only by `*`, `*-read` also by itself.
        self.permissions()
            .iter()
            .all(|permission| other.grants(permission))
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A text that names no scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a scope is one of readonly, write, all, spa, order-simple, order-pos, order-mgmt, \
     order-full, with or without :refreshable"
)]
pub struct InvalidScope;

impl FromStr for Scope {
    type Err = InvalidScope;

    fn from_str(text: &str) -> Result<Self, InvalidScope> {
        Self::EVERY
            .into_iter()
            .find(|scope| scope.name() == text)
            .ok_or(InvalidScope)
    }
}

/// A scope, and whether the token may be traded for a fresh one: `order-pos:refreshable`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TokenScope {
    /// The named permissions.
    pub scope: Scope,
    /// Whether [`TOKEN_REFRESH`] comes on top.
    pub refreshable: bool,
}

impl TokenScope {
    /// Whether a token of this scope has this permission.
    pub fn grants(self, permission: &str) -> bool {
        if permission == TOKEN_REFRESH {
            self.refreshable
        } else {
            self.scope.grants(permission)
        }
    }

    /// Whether a token of scope `other` may be traded for one of this scope, as far as the
    /// permissions go.
    pub fn is_subset_of(self, other: Self) -> bool {
        self.scope.is_subset_of(other.scope) && (!self.refreshable || other.refreshable)
    }
}

const REFRESHABLE: &str = ":refreshable";

impl fmt::Display for TokenScope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let suffix = if self.refreshable { REFRESHABLE } else { "" };
        write!(formatter, "{}{suffix}", self.scope)
    }
}

impl FromStr for TokenScope {
    type Err = InvalidScope;

    fn from_str(text: &str) -> Result<Self, InvalidScope> {
        let name = text.strip_suffix(REFRESHABLE);
        Ok(Self {
            scope: name.unwrap_or(text).parse()?,
            refreshable: name.is_some(),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn scope() -> impl Strategy<Value = Scope> {
        prop::sample::select(&Scope::EVERY[..])
    }

    fn token_scope() -> impl Strategy<Value = TokenScope> {
        (scope(), any::<bool>()).prop_map(|(scope, refreshable)| TokenScope { scope, refreshable })
    }

    fn permission() -> impl Strategy<Value = String> {
        const KNOWN: [&str; 9] = [
            "orders-read",
            "orders-write",
            "orders-refund",
            "inventory-lock",
            "instances-read",
            "instances-write",
            "instances-auth-write",
            "tokens-read",
            "token-refresh",
        ];
        prop_oneof![
            prop::sample::select(&KNOWN[..]).prop_map(str::to_owned),
            "[a-z]{1,9}-(read|write|lock)"
        ]
    }

    #[test]
    fn grants_what_the_specification_lists() {
        for (scope, granted, denied) in [
            (
                Scope::ReadOnly,
                vec!["orders-read", "instances-kyc-read"],
                vec!["orders-write", "inventory-lock", "orders-refund"],
            ),
            (
                Scope::OrderSimple,
                vec!["orders-read", "orders-write"],
                vec!["inventory-lock", "orders-refund", "accounts-read"],
            ),
            (
                Scope::OrderPos,
                vec!["orders-read", "orders-write", "inventory-lock"],
                vec!["orders-refund", "tokens-write"],
            ),
            (
                Scope::OrderMgmt,
                vec!["orders-read", "orders-write", "orders-refund"],
                vec!["inventory-lock"],
            ),
            (
                Scope::OrderFull,
                vec![
                    "orders-read",
                    "orders-write",
                    "orders-refund",
                    "inventory-lock",
                ],
                vec!["instances-read"],
            ),
        ] {
            assert!(granted.iter().all(|name| scope.grants(name)), "{scope}");
            assert!(!denied.iter().any(|name| scope.grants(name)), "{scope}");
        }
        for scope in [Scope::All, Scope::Write, Scope::Spa] {
            assert!(scope.grants("instances-auth-write"));
            assert!(!scope.grants(TOKEN_REFRESH));
        }
    }

    #[test]
    fn only_refreshable_tokens_refresh() {
        for scope in Scope::EVERY {
            for refreshable in [false, true] {
                let token = TokenScope { scope, refreshable };
                assert_eq!(token.grants(TOKEN_REFRESH), refreshable);
            }
        }
    }

    #[test]
    fn full_scopes_are_the_same_and_readonly_is_apart() {
        assert!(Scope::All.is_subset_of(Scope::Spa) && Scope::Spa.is_subset_of(Scope::Write));
        assert!(Scope::ReadOnly.is_subset_of(Scope::All));
        assert!(!Scope::All.is_subset_of(Scope::ReadOnly));
        assert!(!Scope::OrderSimple.is_subset_of(Scope::ReadOnly));
        assert!(!Scope::ReadOnly.is_subset_of(Scope::OrderFull));
        assert!(!Scope::OrderPos.is_subset_of(Scope::OrderMgmt));
        assert!(Scope::OrderPos.is_subset_of(Scope::OrderFull));
    }

    #[test]
    fn refuses_other_names() {
        for text in [
            "",
            "admin",
            "ALL",
            "all:",
            "all:refreshable:refreshable",
            " all",
            "*",
        ] {
            assert_eq!(text.parse::<TokenScope>(), Err(InvalidScope), "{text}");
        }
        assert_eq!("all:refreshable".parse::<Scope>(), Err(InvalidScope));
    }

    proptest! {
        #[test]
        fn subset_never_grants_more(small in token_scope(), large in token_scope(), name in permission()) {
            if small.is_subset_of(large) && small.grants(&name) {
                prop_assert!(large.grants(&name));
            }
        }

        #[test]
        fn subset_is_an_order(a in token_scope(), b in token_scope(), c in token_scope()) {
            prop_assert!(a.is_subset_of(a));
            if a.is_subset_of(b) && b.is_subset_of(c) {
                prop_assert!(a.is_subset_of(c));
            }
        }

        #[test]
        fn text_form_round_trips(token in token_scope()) {
            prop_assert_eq!(token.to_string().parse(), Ok(token));
        }
    }
}
