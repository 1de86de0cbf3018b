import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { z } from 'zod';
import { CommandFailure, exitCodes } from '../../src/cli/exit.ts';
import { Output, paint, safe } from '../../src/cli/output.ts';
import { printEntry } from '../../src/cli/entries.ts';
import { Captured, actsOnTerminal } from './capture.ts';

const hostile = 'a\u001b[2J\u001b]0;owned\u0007\u009b31m\r\nfake line\u202egpj.exe\u200b\u007f';

function captured(json = false, isTTY = false) {
  const stdout = new Captured(isTTY);
  const stderr = new Captured(isTTY);
  return { stdout, stderr, output: new Output(stdout, stderr, json) };
}

describe('no control sequence of an agent reaches the terminal', () => {
  test('in lines, notes, colours, tables and failures', () => {
    const { stdout, stderr, output } = captured();
    output.line(safe`one ${hostile} two ${paint('red', hostile)}`);
    output.note(safe`${hostile}`);
    output.table([['title'], [hostile, paint('green', hostile)]]);
    output.failure(new CommandFailure(exitCodes.fault, `bad ${hostile}`, hostile));
    expect(stdout.text + stderr.text).not.toMatch(actsOnTerminal);
    expect(stdout.text).toContain('⟨U+001B⟩');
  });

  test('nor can a value begin a line of its own', () => {
    const { stdout, output } = captured();
    output.line(safe`one ${'x\nallow  everything\r\n'}`);
    expect(stdout.text.trimEnd().split('\n')).toHaveLength(1);
  });

  test('in entries, whatever field it comes in', () => {
    const { stdout, output } = captured();
    const base = {
      id: 'e',
      at: 0,
      tenant: 't',
      seq: 1,
      sessionId: 's',
      agentId: hostile,
      userId: hostile,
      eventId: 'v',
    };
    const reasons = [
      { code: 'forbidden', rule: hostile, path: hostile, value: hostile, detail: hostile, fix: hostile },
    ];
    printEntry(output, {
      ...base,
      kind: 'tool_call',
      phase: 'intent',
      owesResult: true,
      subject: hostile,
      content: hostile,
      decision: { outcome: 'deny', reasons, verdicts: [], policy: '' },
    });
    printEntry(output, {
      ...base,
      kind: 'tool_call',
      phase: 'result',
      subject: hostile,
      result: { outcome: 'error', latencyMs: 1, error: hostile },
    });
    printEntry(output, {
      id: 'e',
      at: 0,
      tenant: 't',
      seq: 2,
      phase: 'operator',
      actor: hostile,
      action: hostile,
      subject: hostile,
    });
    expect(stdout.text).toContain('owned');
    expect(stdout.text).not.toMatch(actsOnTerminal);
  });

  test('in JSON, which still says the same', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const { stdout, output } = captured(true);
        const value = { text: text + hostile };
        output.data(z.object({ text: z.string() }), value);
        expect(stdout.text).not.toMatch(actsOnTerminal);
        expect(JSON.parse(stdout.text)).toEqual(value);
        expect(stdout.text.trimEnd()).not.toContain('\n');
      }),
    );
  });
});

test('with --json, stdout holds data only, and of the promised shape only', () => {
  const { stdout, stderr, output } = captured(true);
  output.line(safe`for people`);
  output.table([['for people']]);
  output.note(safe`talk`);
  const more = { a: 1, secret: 'not promised' };
  output.data(z.object({ a: z.number() }), more);
  expect(stdout.text).toBe('{"a":1}\n');
  expect(stderr.text).toBe('talk\n');
});

test('with --json, a failure is JSON as well, on stderr', () => {
  const { stderr, output } = captured(true);
  output.failure(new CommandFailure(exitCodes.usage, 'wrong', 'do this'));
  expect(JSON.parse(stderr.text)).toEqual({ error: { exitCode: 2, message: 'wrong', hint: 'do this' } });
});

test('columns line up although colours take no space', () => {
  const { stdout, output } = captured();
  output.table([
    [paint('dim', 'ID'), 'STATE'],
    ['a-long-id', paint('green', 'valid')],
  ]);
  expect(stdout.text).toBe('ID         STATE\na-long-id  valid\n');
});
