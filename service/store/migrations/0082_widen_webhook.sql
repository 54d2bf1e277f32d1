-- Messages to people's chats leave by the same outbox. The address of a chat is its secret: `url` shows its scheme only.
alter table webhook
    add column kind text not null default 'webhook' check (kind in ('webhook', 'chat')),
    add column language text not null default 'en' check (language in ('en', 'zh-Hant', 'zh-Hans', 'th'));
