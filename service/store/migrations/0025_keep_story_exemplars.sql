-- Tellings of one event differ more from their mean than from each other: some of them are kept in its place.
alter table story rename column centroid to exemplars;
