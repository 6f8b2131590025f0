//! How many challenges are open for an instance and kind of request.

use entity::challenge::{Column, Entity};
use entity::challenge_group::{self, Budget};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait,
};

use crate::db::{DatabaseError, WriteTransaction};

/// Whose open challenges count together.
#[derive(Clone, Copy, Debug)]
pub struct Open<'a> {
    /// The name of the instance.
    pub instance_id: &'a str,
    /// The kind of request.
    pub budget: Budget,
    /// Of these, those from one network alone.
    pub network: Option<&'a str>,
}

impl Open<'_> {
    /// The serials of their requests.
    fn groups(&self, now_us: i64) -> sea_orm::Select<challenge_group::Entity> {
        use challenge_group::{Column, Entity};

        let of_network = self.network.map(|network| Column::Network.eq(network));
        Entity::find()
            .select_only()
            .column(Column::Serial)
            .filter(Column::InstanceId.eq(self.instance_id))
            .filter(Column::Budget.eq(self.budget))
            .filter(Column::ExpiresAtUs.gt(now_us))
            .filter(Condition::all().add_option(of_network))
    }
}

/// Makes room for new challenges: the oldest ones for which no code was sent give way until `most` are left at the most; others stay, and those of the
/// request `except_group`.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn evict(
    transaction: &WriteTransaction,
    of: Open<'_>,
    most: u64,
    except_group: Option<i64>,
    now_us: i64,
) -> Result<(), DatabaseError> {
    let in_groups = Column::GroupSerial.in_subquery(of.groups(now_us).into_query());
    let open = Entity::find()
        .filter(in_groups.clone())
        .count(transaction)
        .await?;
    let too_many = open.saturating_sub(most);
    if too_many == 0 {
        return Ok(());
    }
    let unsent = Entity::find()
        .filter(in_groups)
        .filter(Column::SentAtUs.is_null())
        .filter(
            Condition::all().add_option(except_group.map(|group| Column::GroupSerial.ne(group))),
        )
        .order_by_asc(Column::Serial)
        .limit(too_many);
    let unsent: Vec<i64> = unsent
        .all(transaction)
        .await?
        .into_iter()
        .map(|challenge| challenge.serial)
        .collect();
    let delete = Entity::delete_many().filter(Column::Serial.is_in(unsent));
    delete.exec(transaction).await?;
    Ok(())
}

/// When the first of the other open challenges ends for which a code was sent, if there are `most` of them already.
///
/// # Errors
/// [`DatabaseError::Fetch`] and the like.
pub async fn sent_until(
    transaction: &WriteTransaction,
    of: Open<'_>,
    except_serial: i64,
    most: u64,
    now_us: i64,
) -> Result<Option<i64>, DatabaseError> {
    let sent = Entity::find()
        .filter(Column::GroupSerial.in_subquery(of.groups(now_us).into_query()))
        .filter(Column::SentAtUs.is_not_null())
        .filter(Column::Serial.ne(except_serial));
    if sent.clone().count(transaction).await? < most {
        return Ok(None);
    }
    let first = sent
        .find_also_related(challenge_group::Entity)
        .order_by_asc(challenge_group::Column::ExpiresAtUs)
        .one(transaction)
        .await?;
    Ok(first.and_then(|(_, group)| group.map(|group| group.expires_at_us)))
}
