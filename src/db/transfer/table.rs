//! All tables, in an order in which their rows can be inserted.

use sea_orm::prelude::async_trait::async_trait;
use sea_orm::sea_query::{Expr, ExprTrait as _, Iden as _};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, ColumnType, ConnectionTrait, DatabaseTransaction,
    DbBackend, EntityTrait, IntoActiveModel, Iterable as _, ModelTrait as _, PaginatorTrait as _,
    PrimaryKeyToColumn as _, PrimaryKeyTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, Value,
};

use super::digest::{TableDigest, TableSummary};
use super::numbering;
use crate::db::DatabaseError;

/// Rows that are held in memory at once: with the largest logos that the API takes, some ten megabytes.
const PAGE: u64 = 64;

/// A table as it is copied.
#[async_trait]
pub(super) trait Table: Send + Sync {
    /// Its name.
    fn name(&self) -> &'static str;

    /// Whether it has rows.
    async fn has_rows(&self, of: &DatabaseTransaction) -> Result<bool, DatabaseError>;

    /// Reads all rows, and writes them where that is wanted.
    async fn read(
        &self,
        from: &DatabaseTransaction,
        into: Option<&DatabaseTransaction>,
    ) -> Result<TableSummary, DatabaseError>;
}

/// Every table with the column, if any, that tells when a row was made. One that is named refers to those before it only.
macro_rules! tables {
    ($($table:ident $(by $made_at:ident)?),+ $(,)?) => {
        pub(super) static TABLES: &[&dyn Table] = &[$(
            &Of::<entity::$table::Entity> { made_at: tables!(@made_at $table $($made_at)?) }
        ),+];
    };
    (@made_at $table:ident) => { None };
    (@made_at $table:ident $made_at:ident) => { Some(entity::$table::Column::$made_at) };
}

tables! {
    key by CreatedAtUs,
    instance by CreatedAtUs,
    credential by ChangedAtUs,
    access_token by CreatedAtUs,
    login_limit by TouchedAtUs,
    login_attempt by AtUs,
    challenge_group by CreatedAtUs,
    challenge,
    code_counter by TouchedAtUs,
    code_transmission by AtUs,
    audit_event by AtUs,
    bank_account by CreatedAtUs,
    otp_device by CreatedAtUs,
    exchange by DownloadedAtUs,
    kyc_check by CheckedAtUs,
    client by CreatedAtUs,
    validation by CreatedAtUs,
    address_grant by IssuedAtUs,
    sweep,
}

/// The names of all tables, in an order in which their rows can be inserted.
pub fn table_names() -> impl Iterator<Item = &'static str> {
    TABLES.iter().map(|table| table.name())
}

/// The table of an entity.
struct Of<E: EntityTrait> {
    made_at: Option<E::Column>,
}

#[async_trait]
impl<E> Table for Of<E>
where
    E: EntityTrait<Model: IntoActiveModel<E::ActiveModel> + Sync, ActiveModel: Send, Column: Sync>,
{
    fn name(&self) -> &'static str {
        E::default().table_name()
    }

    async fn has_rows(&self, of: &DatabaseTransaction) -> Result<bool, DatabaseError> {
        Ok(E::find().limit(1).count(of).await? > 0)
    }

    async fn read(
        &self,
        from: &DatabaseTransaction,
        into: Option<&DatabaseTransaction>,
    ) -> Result<TableSummary, DatabaseError> {
        let mut digest = TableDigest::<E>::new(self.made_at);
        let mut last = None;
        loop {
            let rows = page::<E>(from, last).await?;
            let Some(row) = rows.last() else { break };
            last = Some(row.get(key::<E>()));
            rows.iter().try_for_each(|row| digest.add(row))?;
            if let Some(into) = into {
                insert::<E>(into, rows).await?;
            }
        }
        let last_serial = match E::PrimaryKey::auto_increment() {
            true => numbering::last(from, self.name()).await?,
            false => None,
        };
        if let (Some(into), Some(last_serial)) = (into, last_serial) {
            numbering::go_on_after(into, self.name(), last_serial).await?;
        }
        Ok(digest.finish(last_serial))
    }
}

/// The next rows after that key.
async fn page<E: EntityTrait>(
    from: &DatabaseTransaction,
    last: Option<Value>,
) -> Result<Vec<E::Model>, DatabaseError> {
    let key = ordered::<E>(from.get_database_backend());
    let mut query = E::find();
    if let Some(last) = last {
        query = query.filter(key.clone().gt(last));
    }
    let query = query.order_by(key, sea_orm::Order::Asc).limit(PAGE);
    Ok(query.all(from).await?)
}

/// Writes rows as they are, keys included.
async fn insert<E>(into: &DatabaseTransaction, rows: Vec<E::Model>) -> Result<(), DatabaseError>
where
    E: EntityTrait<Model: IntoActiveModel<E::ActiveModel>, ActiveModel: Send>,
{
    let rows = rows
        .into_iter()
        .map(|row| row.into_active_model().reset_all());
    let insert = E::insert_many::<E::ActiveModel, _>(rows);
    insert
        .exec_without_returning(into)
        .await
        .map_err(DatabaseError::store)?;
    Ok(())
}

/// The column that numbers or names the rows. No table has several.
fn key<E: EntityTrait>() -> E::Column {
    let mut keys = E::PrimaryKey::iter().map(|key| key.into_column());
    keys.next().expect("a table has a key")
}

/// That column in an order that is the same everywhere: PostgreSQL sorts texts by the language of the database, unless told otherwise.
fn ordered<E: EntityTrait>(backend: DbBackend) -> Expr {
    let column = key::<E>();
    match (backend, column.def().get_column_type()) {
        (DbBackend::Postgres, ColumnType::Text | ColumnType::String(_)) => {
            Expr::cust(format!("\"{}\" COLLATE \"C\"", column.unquoted()))
        }
        _ => Expr::col(column),
    }
}
