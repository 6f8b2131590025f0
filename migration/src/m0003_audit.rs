//! The audit table.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, big_pk_auto, json, text, text_null,
};

/// The step that adds the audit table.
pub struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0003_audit"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(audit_event_table()).await?;
        for index in indexes() {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

/// Nothing in it refers to other tables: what happened stays true when the instance or the token is gone.
fn audit_event_table() -> TableCreateStatement {
    Table::create()
        .table("audit_event")
        .col(big_pk_auto("serial"))
        .col(big_integer("at_us"))
        .col(text("event"))
        .col(text("outcome"))
        .col(text("instance_id"))
        .col(text("actor_kind"))
        .col(text_null("actor_instance"))
        .col(big_integer_null("actor_token_serial"))
        .col(text_null("actor_user"))
        .col(text_null("address"))
        .col(text_null("request_id"))
        .col(json("detail"))
        .check(Expr::col("outcome").is_in(["ok", "refused"]))
        .take()
}

fn indexes() -> Vec<IndexCreateStatement> {
    let index = |name: &str| Index::create().name(name).table("audit_event").to_owned();
    vec![
        index("audit_event_by_time")
            .col("at_us")
            .col("serial")
            .take(),
        index("audit_event_by_instance")
            .col("instance_id")
            .col("at_us")
            .col("serial")
            .take(),
        // Refusals are counted before one more is kept; of all rows they should be the fewest.
        index("audit_event_by_refusal")
            .col("instance_id")
            .col("event")
            .col("at_us")
            .cond_where(Expr::cust("outcome = 'refused'"))
            .take(),
    ]
}
