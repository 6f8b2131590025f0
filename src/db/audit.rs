//! The audit table.

use entity::audit_event::{ActiveModel, ActorKind, Column, Entity, Model, Outcome};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::sea_query::{Expr, LockBehavior, LockType};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait,
};
use serde_json::Value;

use super::{DatabaseError, WriteTransaction};

/// An event to store. What the fields mean, [`Model`] says.
#[derive(Debug)]
#[expect(missing_docs, reason = "they are those of the row")]
pub struct NewAuditEvent<'a> {
    pub at_us: i64,
    pub event: &'static str,
    pub outcome: Outcome,
    pub instance_id: &'a str,
    pub actor_kind: ActorKind,
    pub actor_instance: Option<&'a str>,
    pub actor_token_serial: Option<i64>,
    pub actor_user: Option<&'a str>,
    pub address: Option<String>,
    pub request_id: Option<&'a str>,
    pub detail: Value,
}

/// Which events are wanted; all of them by default.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// About the instance of this name.
    pub instance_id: Option<String>,
    /// Of one of these names; none: of any.
    pub events: Vec<String>,
    /// Not before this time.
    pub since_us: Option<i64>,
}

/// Stores an event.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn insert(
    transaction: &WriteTransaction,
    new: NewAuditEvent<'_>,
) -> Result<(), DatabaseError> {
    let row = ActiveModel {
        serial: NotSet,
        at_us: Set(new.at_us),
        event: Set(new.event.to_owned()),
        outcome: Set(new.outcome),
        instance_id: Set(new.instance_id.to_owned()),
        actor_kind: Set(new.actor_kind),
        actor_instance: Set(new.actor_instance.map(str::to_owned)),
        actor_token_serial: Set(new.actor_token_serial),
        actor_user: Set(new.actor_user.map(str::to_owned)),
        address: Set(new.address),
        request_id: Set(new.request_id.map(str::to_owned)),
        detail: Set(new.detail),
    };
    Entity::insert(row)
        .exec_without_returning(transaction)
        .await
        .map_err(DatabaseError::store)?;
    Ok(())
}

/// The latest events that match, at most `most`, in the order in which they happened.
///
/// # Errors
/// [`DatabaseError::Fetch`] and the like.
pub async fn latest(
    connection: &impl ConnectionTrait,
    filter: &AuditFilter,
    most: u64,
) -> Result<Vec<Model>, DatabaseError> {
    let of_instance = filter.instance_id.as_ref();
    let since = filter.since_us.map(|since_us| Column::AtUs.gte(since_us));
    let named = (!filter.events.is_empty()).then(|| Column::Event.is_in(&filter.events));
    let wanted = Condition::all()
        .add_option(of_instance.map(|instance_id| Column::InstanceId.eq(instance_id)))
        .add_option(named)
        .add_option(since);
    let query = Entity::find()
        .filter(wanted)
        .order_by_desc(Column::AtUs)
        .order_by_desc(Column::Serial)
        .limit(most);
    let mut events = query.all(connection).await?;
    events.reverse();
    Ok(events)
}

/// How many refusals of one name at one instance are stored after `since_us`.
///
/// # Errors
/// [`DatabaseError::Fetch`] and the like.
pub async fn count_refusals(
    transaction: &WriteTransaction,
    instance_id: &str,
    event: &'static str,
    since_us: i64,
) -> Result<u64, DatabaseError> {
    let refusals = Entity::find()
        // Word for word the condition of the partial index, which a parameter would not be.
        .filter(Expr::cust("outcome = 'refused'"))
        .filter(Column::InstanceId.eq(instance_id))
        .filter(Column::Event.eq(event))
        .filter(Column::AtUs.gt(since_us));
    Ok(refusals.count(transaction).await?)
}

/// Removes events before `before_us`, at most `most`, and returns how many.
///
/// # Errors
/// [`DatabaseError::Store`] and the like.
pub async fn remove_old(
    transaction: &WriteTransaction,
    before_us: i64,
    most: u32,
) -> Result<u64, DatabaseError> {
    let old = Entity::find()
        .select_only()
        .column(Column::Serial)
        .filter(Column::AtUs.lt(before_us))
        .order_by_asc(Column::AtUs)
        .limit(u64::from(most))
        // Writes that have nothing else to do with each other must not wait for each other here. SQLite has no such locks.
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    let delete = Entity::delete_many().filter(Column::Serial.in_subquery(old.into_query()));
    Ok(delete.exec(transaction).await?.rows_affected)
}
