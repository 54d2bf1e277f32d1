-- Two tellings of one event share words as well as meaning.
alter table story add column words text[] not null default '{}';
