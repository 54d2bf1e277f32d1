-- Everything the encoder says of a text, not its mood alone. A head the model does not have is null.
alter table analysis
    -- probabilities by value
    add column kind jsonb,
    add column churn double precision check (churn between 0 and 1),
    add column recommend double precision check (recommend between 0 and 1),
    add column stage jsonb,
    add column severity double precision check (severity between 0 and 1),
    add column purpose jsonb,
    -- [{"cause", "label", "p", "because"}], the likeliest first
    add column causes jsonb;

-- What lists are filtered by.
alter table mention
    add column verdict_kind text,
    add column verdict_causes text[];
create index mention_of_verdict_kind on mention (brand_id, verdict_kind, said_at desc, id desc)
    where verdict_kind is not null;
create index mention_of_cause on mention using gin (verdict_causes) where verdict_causes is not null;
