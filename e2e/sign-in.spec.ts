import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Stage, openStage } from './stage.ts';
import { isAt } from './until.ts';
import { signIn } from './browser.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

describe('signing in', () => {
  it('a one-time link lets in, and its token leaves the address bar', async () => {
    const { page, complaints } = await stage.outside();
    await signIn(page, await stage.runtime.signInUrl());
    await isAt(page, '/');
    await expect.poll(() => page.title()).toBe('Overview · Sallyport');
    expect(complaints).toEqual({ console: [], violations: [], foreign: [] });
  });

  it('a link that was used explains itself and says how to get another', async () => {
    const link = await stage.runtime.signInUrl();
    const first = await stage.outside();
    await signIn(first.page, link);
    const second = await stage.outside();
    await second.page.goto(link);
    await second.page.getByText('This link no longer works.').waitFor();
    await second.page.getByText('npx sallyport sign-in').waitFor();
  });

  it('without being signed in, any address leads to the sign-in page and back after it', async () => {
    const { page } = await stage.outside();
    await page.goto(`${stage.runtime.url}/permissions?kind=models`);
    await page.getByRole('heading', { name: 'Sign in with a one-time link' }).waitFor();
    const token = new URL(await stage.runtime.signInUrl()).hash;
    await page.evaluate(`location.hash = ${JSON.stringify(token)}`);
    await page.getByRole('heading', { name: 'Permissions', level: 1 }).waitFor();
    await isAt(page, '/permissions?kind=models');
  });

  it('a link cannot lead to another site after signing in', async () => {
    const { page, settled, complaints } = await stage.outside();
    const token = new URL(await stage.runtime.signInUrl()).hash;
    await page.goto(`${stage.runtime.url}/sign-in?to=${encodeURIComponent('//evil.example/')}${token}`);
    await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();
    await settled();
    expect(new URL(page.url()).origin).toBe(stage.runtime.url);
    expect(complaints.foreign).toEqual([]);
  });

  it('signing out ends it: the next visit asks to sign in', async () => {
    const { page } = await stage.enter();
    await page.getByRole('button', { name: 'owner' }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in with a one-time link' }).waitFor();
    await page.goto(`${stage.runtime.url}/settings`);
    await page.getByRole('heading', { name: 'Sign in with a one-time link' }).waitFor();
  });
});
