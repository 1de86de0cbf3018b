import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { RuntimeFault, parseConfig } from '@sallyport/core';
import { openDetectors } from '../../src/detectors/index.ts';
import { systemClock } from '../../src/clock.ts';

async function open(source: string | undefined, { mode = 'enforce', rest = '' } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-detector-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  if (source !== undefined) writeFileSync(join(folder, 'detector.mjs'), source);
  const yaml = `guards: { injection: { mode: "${mode}", detectors: [{ name: own, kind: module, path: ./detector.mjs, ${rest} }] } }`;
  const { guards } = parseConfig(yaml, { env: {}, readFile: () => '' });
  return await openDetectors(guards.injection, { folder, clock: systemClock });
}

it("a module of the operator's own is asked in this process, told whose text it is", async () => {
  const { detectors } = await open(`
    export const detect = async (text, { source, signal }) =>
      ({ score: source === 'user' && text.includes('heron') && !signal.aborted ? 0.8 : 0 });`);
  const opinions = await detectors?.opinions([
    { source: 'user', text: 'a heron' },
    { source: 'results', text: 'a heron' },
  ]);
  expect(opinions).toMatchObject([{ verdict: 'suspicious' }, { verdict: 'none' }]);
});

it('a module that does not load, or is no detector, refuses to start and says which key to correct', async () => {
  const broken: readonly (readonly [string | undefined, RegExp])[] = [
    [undefined, /does not load: Cannot find module/],
    ['export const detect = (', /does not load: /],
    ['throw new Error("no model file")', /does not load: no model file/],
    ['import "./weights.mjs"; export const detect = () => ({ score: 0 });', /does not load: Cannot find module/],
    ['export const scan = () => ({ score: 0 });', /exports no function `detect/],
    ['export const detect = { score: 0 };', /exports no function `detect/],
    ['export default () => ({ score: 0 });', /exports no function `detect/],
  ];
  for (const [source, why] of broken) {
    const refused: unknown = await open(source).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(refused).toBeInstanceOf(RuntimeFault);
    expect(refused).toMatchObject({ code: 'invalid_config', path: 'guards.injection.detectors.0.path' });
    expect((refused as RuntimeFault).message).toMatch(why);
  }
});

it('a module that hangs is given up, and one that is off is not loaded', async () => {
  const { detectors } = await open('export const detect = () => new Promise(() => {});', { rest: 'timeoutMs: 20' });
  const asked = detectors?.opinions([{ source: 'user', text: 'x' }]);
  await expect(asked).rejects.toThrow('detector own: no answer within 20 ms');
  expect((await open(undefined, { mode: 'off' })).detectors).toBeUndefined();
});
