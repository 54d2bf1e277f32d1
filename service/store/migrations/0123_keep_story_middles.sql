-- A story is the mean of where its tellings lie in a learnt metric, and how much was told of it lately. What was kept
-- before lies elsewhere, and is of use for three days only.
alter table story rename column exemplars to middle;
update story set middle = null, tellings = 0, words = '{}' where middle is not null;
alter table story
    add column recent real not null default 0,
    add check (recent >= 0);
