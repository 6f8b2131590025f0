//! Parts of lists.

use sea_orm::{
    ColumnTrait, Condition, EntityTrait, Order, QueryFilter, QueryOrder, QuerySelect, Select,
};

/// A part of a list whose entries are numbered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// How many at most, not 0: counted upwards if positive, downwards if negative.
    pub limit: i64,
    /// Where to begin, exclusive; `None`: at the lowest or the highest.
    pub offset: Option<i64>,
}

impl Page {
    /// Everything, the oldest first.
    pub const EVERYTHING: Self = Self {
        limit: i64::MAX,
        offset: None,
    };

    /// Of what a query finds, that which is on this page, in its order. `number` is the column that numbers the entries.
    pub(super) fn of<E: EntityTrait>(self, query: Select<E>, number: E::Column) -> Select<E> {
        let after = self.offset.map(|offset| match self.limit {
            1.. => number.gt(offset),
            _ => number.lt(offset),
        });
        let order = match self.limit {
            1.. => Order::Asc,
            _ => Order::Desc,
        };
        query
            .filter(Condition::all().add_option(after))
            .order_by(number, order)
            .limit(self.limit.unsigned_abs())
    }
}
