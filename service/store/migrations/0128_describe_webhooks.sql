-- What a webhook is for, for whoever comes after.
alter table webhook add column description text not null default '' check (length(description) <= 1000);
drop trigger audit on webhook;
create constraint trigger audit after insert or delete or update of name, url, events, brand_id, enabled, secret,
    allow_private, description, language on webhook deferrable initially deferred
    for each row execute function
        audit_change('webhook', 'id', 'name,events,brand_id,enabled,allow_private,description,language', 'url,secret');
