-- Stories and authors of a period are counted here alone: the texts beside them are most of a mention.
create index mention_told on mention (brand_id, said_at)
    include (id, story_id, source_id, site, author_id, author_name, language, label, angry) where counted;
-- The latest of a story's.
drop index mention_of_story;
create index mention_of_story on mention (story_id, said_at);
