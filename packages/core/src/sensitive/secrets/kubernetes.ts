import type { SensitiveMatch } from '../types.ts';

const entry =
  /^[ \t]{1,12}[\w.-]{1,80}:[ \t]{0,4}(?:[|>][+-]?[ \t]{0,4}\r?\n[ \t]{1,12})?["']?([A-Za-z0-9+/]{8,8000}={0,2})["']?[ \t]{0,4}\r?$/gm;

/**
 * The values under `data:` of a Kubernetes Secret, base64 by definition. `index` is where `kind: Secret` stands; the
 * manifest is what lies between `---` lines, of at most 20,000 characters, so that many of them cost once each.
 */
export function kubernetesSecretAt(text: string, index: number): { matches: SensitiveMatch[]; end: number } {
  const from = Math.max(0, text.lastIndexOf('\n---', index), index - 20_000);
  const next = text.indexOf('\n---', index);
  const end = Math.min(next < 0 ? text.length : next, index + 20_000);
  const manifest = text.slice(from, end);
  const matches: SensitiveMatch[] = [];
  const data = /^[ \t]{0,8}data:[ \t]{0,4}\r?$/m.exec(manifest);
  if (!data) return { matches, end };
  const block = manifest.slice(data.index);
  const after = block.slice(data[0].length).search(/^\S/m);
  const values = after < 0 ? block : block.slice(0, data[0].length + after);
  for (const found of values.matchAll(entry)) {
    if (found[1]!.length % 4 !== 0) continue;
    const start = from + data.index + found.index + found[0].lastIndexOf(found[1]!);
    matches.push({
      type: 'API_KEY',
      start,
      end: start + found[1]!.length,
      rule: 'kubernetes-secret',
      certainty: 'format',
    });
  }
  return { matches, end };
}
