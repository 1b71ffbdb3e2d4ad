/**
 * The tables that better-auth reads and writes, as Drizzle needs them. They mirror
 * `api/db/migrations/0010-auth.sql`, which is the truth: nothing here creates a table. The property
 * names are better-auth's, the column names are ours.
 */
import { bigint, boolean, integer, pgSchema, text, timestamp, uuid } from 'drizzle-orm/pg-core';

const auth = pgSchema('auth');

const instant = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' });
const times = {
  createdAt: instant('created_at').notNull(),
  updatedAt: instant('updated_at').notNull(),
};

/** A person. better-auth's model `user`. */
const account = auth.table('account', {
  id: uuid('id').primaryKey(),
  name: text('name').notNull(),
  email: text('email').notNull().unique(),
  emailVerified: boolean('email_verified').notNull(),
  image: text('image'),
  ...times,
});

const accountId = () =>
  uuid('account_id')
    .notNull()
    .references(() => account.id, { onDelete: 'cascade' });

const session = auth.table('session', {
  id: uuid('id').primaryKey(),
  userId: accountId(),
  token: text('token').notNull().unique(),
  expiresAt: instant('expires_at').notNull(),
  ipAddress: text('ip_address'),
  userAgent: text('user_agent'),
  ...times,
});

/** One way to sign in, e.g. a password. better-auth's model `account`. */
const credential = auth.table('credential', {
  id: uuid('id').primaryKey(),
  userId: accountId(),
  providerId: text('provider_id').notNull(),
  accountId: text('provider_account_id').notNull(),
  accessToken: text('access_token'),
  refreshToken: text('refresh_token'),
  idToken: text('id_token'),
  accessTokenExpiresAt: instant('access_token_expires_at'),
  refreshTokenExpiresAt: instant('refresh_token_expires_at'),
  scope: text('scope'),
  password: text('password'),
  ...times,
});

const verification = auth.table('verification', {
  id: uuid('id').primaryKey(),
  identifier: text('identifier').notNull(),
  value: text('value').notNull(),
  expiresAt: instant('expires_at').notNull(),
  ...times,
});

const rateLimit = auth.table('rate_limit', {
  id: uuid('id').primaryKey(),
  key: text('key').notNull().unique(),
  count: integer('count').notNull(),
  lastRequest: bigint('last_request', { mode: 'number' }).notNull(),
});

/** Keys are better-auth's model names. */
export const authTables = { user: account, session, account: credential, verification, rateLimit };
