import { DatabaseSync } from 'node:sqlite';
import { readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Session, VaultStore } from '@sallyport/core';
import { RuntimeFault } from '@sallyport/core';
import { clock, temporaryFolder } from '../store/fixtures.ts';
import { openVaults } from './vaults.ts';

let folder: ReturnType<typeof temporaryFolder>;
let opened: Awaited<ReturnType<typeof openVaults>>;
beforeEach(async () => {
  folder = temporaryFolder();
  opened = await openVaults(folder);
});
afterEach(async () => {
  await opened.close();
  folder[Symbol.dispose]();
});
const reopen = async (...options: Parameters<typeof openVaults> extends [unknown, ...infer Rest] ? Rest : never) => {
  await opened.close();
  opened = await openVaults(folder, ...options);
};
/** Gives out tokens, one durable piece for each. */
async function fill(session: Session, ...values: string[]): Promise<string[]> {
  const tokens: string[] = [];
  for (const value of values) {
    const vault = await opened.vaults.of(session);
    tokens.push(vault.tokenOf('EMAIL', value));
    await vault.save();
  }
  return tokens;
}
const valueOf = async (session: Session, token: string) => (await opened.vaults.of(session)).valueOf(token);

describe('a restart', () => {
  test('keeps what every token stands for, and goes on counting after it', async () => {
    const session = await opened.open();
    expect(await fill(session, 'a@b.example', 'c@d.example', 'a@b.example')).toEqual([
      '<EMAIL_1>',
      '<EMAIL_2>',
      '<EMAIL_1>',
    ]);
    await reopen();
    expect(await valueOf(session, '<EMAIL_2>')).toBe('c@d.example');
    expect(await fill(session, 'c@d.example', 'e@f.example')).toEqual(['<EMAIL_2>', '<EMAIL_3>']);
    expect(await opened.store.vault.load(session.id)).toHaveLength(3);
  });
  test('is not needed for a vault that made room for others', async () => {
    await reopen({ maxLive: 1 });
    const [one, other] = [await opened.open(), await opened.open()];
    await fill(one, 'a@b.example');
    await fill(other, 'c@d.example');
    expect(await valueOf(one, '<EMAIL_1>')).toBe('a@b.example');
    expect(await valueOf(other, '<EMAIL_1>')).toBe('c@d.example');
  });
});

test('two sessions share nothing: one token, two values, and no value of the other', async () => {
  const [one, other] = [await opened.open(), await opened.open()];
  await fill(one, 'a@b.example', 'only-here@b.example');
  await fill(other, 'c@d.example');
  expect(await valueOf(one, '<EMAIL_1>')).toBe('a@b.example');
  expect(await valueOf(other, '<EMAIL_1>')).toBe('c@d.example');
  expect(await valueOf(other, '<EMAIL_2>')).toBeUndefined();
});

test('a hundred at once in one session get one token for one value', async () => {
  const session = await opened.open();
  const tokens = await Promise.all(
    Array.from({ length: 100 }, async (_, index) => {
      const vault = await opened.vaults.of(session);
      const token = vault.tokenOf('EMAIL', `p${index % 10}@b.example`);
      await vault.save();
      return [index % 10, token] as const;
    }),
  );
  await reopen();
  for (const [person, token] of tokens) expect(await valueOf(session, token)).toBe(`p${person}@b.example`);
  expect(new Set(tokens.map(([, token]) => token)).size).toBe(10);
});

describe('what cannot be read again denies', () => {
  let session: Session;
  let other: Session;
  beforeEach(async () => {
    [session, other] = [await opened.open(), await opened.open()];
    for (const one of [session, other]) await fill(one, ...[1, 2, 3].map((n) => `p${n}@${one.id}.example`));
  });
  const tamper = async (change: (db: DatabaseSync) => void) => {
    await opened.close();
    const db = new DatabaseSync(folder.file);
    change(db);
    db.close();
    opened = await openVaults(folder);
  };
  const attacks: Record<string, (db: DatabaseSync) => void> = {
    'a piece cut short': (db) =>
      db
        .prepare('UPDATE vault_pieces SET piece = substr(piece, 1, 40) WHERE session_id = ? AND seq = 1')
        .run(session.id),
    "another session's piece": (db) =>
      db
        .prepare(
          'UPDATE vault_pieces SET piece = (SELECT piece FROM vault_pieces WHERE session_id = ? AND seq = 0) WHERE session_id = ? AND seq = 0',
        )
        .run(other.id, session.id),
    'a piece taken out': (db) =>
      db.prepare('DELETE FROM vault_pieces WHERE session_id = ? AND seq = 0').run(session.id),
    'a lost salt': (db) => db.prepare('DELETE FROM session_salts WHERE session_id = ?').run(session.id),
    'pieces of its flow': (db) => {
      db.prepare('INSERT INTO flow_pieces SELECT session_id, seq, piece FROM vault_pieces WHERE session_id = ?').run(
        session.id,
      );
      db.prepare(
        'UPDATE vault_pieces SET piece = (SELECT piece FROM flow_pieces WHERE session_id = ? AND seq = 2) WHERE session_id = ? AND seq = 1',
      ).run(session.id, session.id);
    },
  };
  test.each(Object.entries(attacks))('%s, every time, and in no other session', async (_, attack) => {
    await tamper(attack);
    for (let time = 0; time < 2; time++) {
      await expect(async () => await opened.vaults.of(session)).rejects.toMatchObject({
        detail: expect.stringMatching(/not what was sealed/) as string,
      });
    }
    expect(await valueOf(other, '<EMAIL_3>')).toBe(`p3@${other.id}.example`);
  });
  test('a lost key', async () => {
    await opened.close();
    rmSync(join(folder.path, 'keys'), { recursive: true });
    opened = await openVaults(folder);
    await expect(async () => await opened.vaults.of(session)).rejects.toThrow(/another key/);
  });
  test('a token whose piece was taken from the end stands for nothing', async () => {
    await tamper((db) => db.prepare('DELETE FROM vault_pieces WHERE session_id = ? AND seq = 2').run(session.id));
    expect(await valueOf(session, '<EMAIL_3>')).toBeUndefined();
  });
});

describe('a store that fails', () => {
  let failing = false;
  beforeEach(async () => {
    failing = false;
    await reopen({}, (store): VaultStore => ({
      ...store,
      append: async (...piece) => {
        if (failing) throw new RuntimeFault('store_unavailable', { detail: 'the disk is full' });
        await store.append(...piece);
      },
    }));
  });
  test('lets no token out, and later keeps what was given out meanwhile', async () => {
    const session = await opened.open();
    await fill(session, 'a@b.example');
    failing = true;
    await expect(fill(session, 'c@d.example')).rejects.toThrow('the disk is full');
    await expect(async () => await opened.vaults.of(session)).rejects.toThrow('the disk is full');
    failing = false;
    expect(await fill(session, 'c@d.example')).toEqual(['<EMAIL_2>']);
    await reopen();
    expect(await valueOf(session, '<EMAIL_2>')).toBe('c@d.example');
  });
});

test('too much for one session denies, and what it had is still there', async () => {
  await reopen({ maxChars: 100 });
  const session = await opened.open();
  await fill(session, 'a'.repeat(90));
  await expect(fill(session, 'b'.repeat(20))).rejects.toThrow(/exceed 100 characters/);
  expect(await valueOf(session, '<EMAIL_1>')).toBe('a'.repeat(90));
});

describe('the end of a session', () => {
  const planted = 'PLANTED-canary-7c21f0';
  const files = () =>
    Buffer.concat(readdirSync(join(folder.path, 'data')).map((name) => readFileSync(join(folder.path, 'data', name))));

  test('destroys what was sealed; readable it never was', async () => {
    const session = await opened.open();
    await fill(session, ...Array.from({ length: 20 }, (_, index) => `${planted} ${index}`));
    const pieces = (await opened.store.vault.load(session.id)).map((piece) => Buffer.from(piece));
    const salt = Buffer.from((await opened.store.flow.salt(session.id)) as Uint8Array);
    expect(files().includes(planted)).toBe(false);
    await reopen();
    for (const bytes of [...pieces, salt]) expect(files().includes(bytes.subarray(-32))).toBe(true);
    await opened.store.sessions.update(session.id, { state: 'ended' });
    await opened.vaults.end(session.id);
    expect(await opened.store.vault.load(session.id)).toEqual([]);
    await opened.close();
    // Whatever bytes a page still holds, nobody can read them again.
    expect(readFileSync(folder.file).includes(salt)).toBe(false);
    opened = await openVaults(folder);
  });
  test('lets nothing be kept after it, and nothing be restored', async () => {
    const session = { ...(await opened.open()) };
    const vault = await opened.vaults.of(session);
    await opened.store.sessions.update(session.id, { state: 'ended' });
    vault.tokenOf('EMAIL', 'late@b.example');
    await expect(vault.save()).rejects.toMatchObject({ code: 'conflict' });
    Object.assign(session, { state: 'ended' });
    expect(() => opened.vaults.of(session)).toThrow(/ended/);
  });
  test('by its time as well', async () => {
    const session = { ...(await opened.open()) };
    await fill(session, 'a@b.example');
    Object.assign(session, { expiresAt: clock.now() - 1 });
    expect(() => opened.vaults.of(session)).toThrow(/ended/);
  });
});
