import type { SensitiveMatch } from '../types.ts';
import { isTrivial } from './urls.ts';
import { isPassword, isRandom, isStandIn } from './values.ts';

const userOption =
  /[= \t]{1,5}(?:("[^"\n]{1,80}":"[^"\n]{1,80}")|"([^"\n]{3,160})"|'([^'\n]{3,160})'|([^\s"'`]{3,160}))/y;

/** `curl -u user:password`, given where the option ends. */
export function curlUserAt(text: string, index: number): SensitiveMatch | undefined {
  userOption.lastIndex = index;
  const option = userOption.exec(text);
  const value = option?.slice(1).find((part) => part !== undefined);
  if (!option || value === undefined) return undefined;
  const [user, password] = split(value);
  if (password === '' && (user === '' || !value.endsWith(':') || !isRandom(user, 16))) return undefined;
  if (password !== '' && (isTrivial(password) || isStandIn(password.replace(/^["']/, '')))) return undefined;
  const start = index + option[0].indexOf(value);
  return { type: 'PASSWORD', start, end: start + value.length, rule: 'curl-user', certainty: 'format' };
}

function split(value: string): [string, string] {
  const colon = value.indexOf(':');
  return colon < 0 ? [value, ''] : [value.slice(0, colon), value.slice(colon + 1)];
}

const passwordOption = /([= \t]{0,2})(?:"([^"\n]{4,120})"|'([^'\n]{4,120})'|([^\s"'-][^\s"']{3,120}))/y;

/** Commands whose `-p` is a password; MySQL's only where it is joined on, since alone it asks for one. */
export const commandsWithPassword = [
  'sshpass ',
  'docker login ',
  'podman login ',
  'mysql ',
  'mysqldump ',
  'mysqladmin ',
];

/** `-ppassword` and `-p password`, given where `-p` ends and which command it is an option of. */
export function commandPasswordAt(text: string, index: number, command: string): SensitiveMatch | undefined {
  passwordOption.lastIndex = index;
  const option = passwordOption.exec(text);
  const value = option?.slice(2).find((part) => part !== undefined);
  if (!option || value === undefined || (command.startsWith('mysql') && option[1] !== '')) return undefined;
  if (isTrivial(value) || isStandIn(value) || !isPassword(value, { quoted: true, assigned: false })) return undefined;
  const start = index + option[0].lastIndexOf(value);
  return { type: 'PASSWORD', start, end: start + value.length, rule: 'command-password', certainty: 'format' };
}
