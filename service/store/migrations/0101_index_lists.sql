-- The angriest first, of a brand and of all; what one author said.
create index mention_angriest on mention (brand_id, anger desc, id desc) where anger is not null;
create index mention_angriest_of_all on mention (anger desc, id desc) where anger is not null;
create index mention_of_author_name on mention (author_name) where author_name is not null;
create index mention_of_author_id on mention (author_id) where author_id is not null;
