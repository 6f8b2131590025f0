//! What it takes to remove what has ended: chains of refreshed tokens that know where they began, and times to look for.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::big_integer_null;

/// The step that lets expired tokens go although others were refreshed from them.
pub struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0009_retention"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // No foreign key: the first token may be gone, and its number still ends those that came from it.
        let column = big_integer_null("root_serial");
        let alter = Table::alter()
            .table("access_token")
            .add_column(column)
            .take();
        manager.alter_table(alter).await?;
        let connection = manager.get_connection();
        connection.execute_unprepared(FIND_ROOTS).await?;
        for index in indexes() {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

/// Follows every chain from its first token that is still there.
const FIND_ROOTS: &str = "\
    UPDATE access_token SET root_serial = found.root FROM ( \
        WITH RECURSIVE chain (serial, root) AS ( \
            SELECT serial, serial FROM access_token WHERE parent_serial IS NULL \
            UNION ALL SELECT child.serial, chain.root FROM access_token child JOIN chain ON child.parent_serial = chain.serial) \
        SELECT serial, root FROM chain) AS found \
    WHERE found.serial = access_token.serial AND access_token.parent_serial IS NOT NULL";

fn indexes() -> [IndexCreateStatement; 3] {
    let index = |name: &'static str, table: &'static str, column: &'static str| {
        Index::create().name(name).table(table).col(column).take()
    };
    [
        index("access_token_by_root", "access_token", "root_serial"),
        index("access_token_by_end", "access_token", "expires_at_us"),
        index("code_transmission_by_end", "code_transmission", "at_us"),
    ]
}
