"""Every field of the database that others fill holds hostile words where the pages are tried with them."""

from service.store.pool import Connection, Pool
from tests.service.web import hostile

#: What nobody fills with words of their own: choices, zones, tokens, places in a source, and the model's answers.
_PROGRAMS_OWN = """
    alert.severity analysis.causes analysis.label analysis.stage api_key.id api_key.scopes app_user.language
    app_user.password_hash app_user.role audit_log.action audit_log.thing bounce_mailbox.cursor bounce_mailbox.name
    canary.reason canary.verdict contact.digest contact.language contact.quiet_for contact.zone
    contact_verification.email correction.causes correction.kind correction.label delivery_attempt.outcome
    digest_run.kind digest_run.zone fetch_log.outcome host_pace.host idempotency_key.answer idempotency_key.caller
    idempotency_key.key incident.group_key incident.resolution incident.severity incident.status incident.urgency
    incident_event.kind inlet.key inlet.secret mention.kind mention.label notification.purpose notification.state
    notification.urgency provider_sign_in.nonce provider_sign_in.verifier push_event.event rate_window.caller
    rule.group_by rule.kind rule.mode rule.severity rule.urgency schedule.zone silence.kind source.cursor source.kind
    source.last_modified stream.cursor tryout.kind web_session.csrf_token webhook.events webhook.former_secret
    webhook.kind webhook.language webhook.secret webhook_delivery.kind webhook_delivery.state websub.state
"""


async def test_every_field_that_holds_words_holds_hostile_ones(pool: Pool, conn: Connection) -> None:
    await hostile.fill(pool, conn)
    rows = await conn.fetch(
        """
        select c.table_name, c.column_name, c.data_type from information_schema.columns c
        join information_schema.tables t using (table_schema, table_name)
        where c.table_schema = 'public' and t.table_type = 'BASE TABLE'
            and c.data_type in ('text', 'ARRAY', 'jsonb') and c.udt_name in ('text', '_text', 'jsonb')
        """
    )
    calm = []
    for row in rows:
        name = f"{row['table_name']}.{row['column_name']}"
        holds = f"select exists (select from {row['table_name']} where {row['column_name']}::text ~ 'alert|7\\*7')"
        if not await conn.fetchval(holds):
            calm.append(name)

    assert set(calm) == set(_PROGRAMS_OWN.split())
