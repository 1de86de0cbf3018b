import { stringify } from 'yaml';
import { flowRules, unknownManifest } from '@sallyport/core';
import type { ArgumentProvenance, FlowRule, Manifest, ManifestInput, Reason } from '@sallyport/core';
import type { DraftedRule, Drafting } from './draft-rule.ts';

/** What information flow held is lifted by saying more of a tool, or by switching a rule off. */
export function draftManifest(reason: Reason, { approval, detail, manifestOf }: Drafting): DraftedRule {
  const found = detail.provenance.find(({ path }) => path === reason.path);
  const origin = found?.origins.find(({ tool }) => tool !== undefined);
  const source = origin?.tool ?? reason.source?.tool;
  if (source !== undefined) return trustSource(source, origin?.field, reason, manifestOf(source));
  if (found && found.role !== 'link' && reason.code === 'untrusted_target' && !vouchedByRule(found)) {
    return asContent(approval.tool, argumentPath(found.path), manifestOf(approval.tool));
  }
  return withoutRule(reason);
}

const vouchedByRule = ({ rule, origins }: ArgumentProvenance): boolean => rule === 'intent' || origins.length > 0;

function trustSource(source: string, field: string | undefined, { code }: Reason, manifest: Manifest): DraftedRule {
  const { results } = manifest;
  if (code === 'data_out_of_scope') {
    const changed = { ...manifest, results: { ...results, labels: [], fieldLabels: {} } };
    const explanation = `Says that what ${source} returns is of no special class of data. Every session that reads it may then send it on.`;
    return drafted(source, changed, explanation);
  }
  if (field === undefined) {
    const changed: Manifest = { ...manifest, results: { ...results, trust: 'trusted' } };
    const explanation = `Says that nobody but your own people can write what ${source} returns. If a customer, a sender or a web page can, do not save it.`;
    return drafted(source, changed, explanation);
  }
  const place = argumentPath(field);
  const fields = { ...results.fields, [place]: 'trusted' as const };
  const changed: Manifest = { ...manifest, results: { ...results, format: 'records', fields } };
  const explanation = `Says that nobody but your own people can write the field ${place} of what ${source} returns, and that ${source} itself lays out its fields. If strangers can, do not save it.`;
  return drafted(source, changed, explanation);
}

function asContent(tool: string, path: string, manifest: Manifest): DraftedRule {
  const { target, ...rest } = manifest;
  const kept = target === undefined ? {} : { target: target.filter((each) => each !== path) };
  const changed: Manifest = { ...rest, ...kept, content: [...new Set([...manifest.content, path])] };
  const explanation = `Says that ${path} of ${tool} does not choose who, where or what is affected. Links, addresses and accounts in it are still checked.`;
  return drafted(tool, changed, explanation);
}

function withoutRule({ rule: place = '' }: Reason): DraftedRule {
  const rule = flowRules.find((each) => place === `flow:${each}`) ?? ('targets' satisfies FlowRule);
  const explanation = `Switches the rule ${rule} off for every tool and every agent. Nothing narrower would let this call pass: prefer to go on approving it.`;
  return { file: 'sallyport.yaml', text: stringify({ flow: { rules: { [rule]: false } } }), explanation };
}

const drafted = (tool: string, manifest: Manifest, explanation: string): DraftedRule => ({
  file: 'sallyport.yaml',
  text: stringify({ tools: { [tool]: shortest(manifest) } }, { lineWidth: 0 }),
  explanation,
});

/** What differs from what is assumed anyway; the effect always, because it decides most. */
function shortest({ results, ...manifest }: Manifest): ManifestInput {
  const said = differing(results, unknownManifest.results);
  return {
    ...differing(manifest, unknownManifest),
    effect: manifest.effect,
    ...(Object.keys(said).length === 0 ? {} : { results: said }),
  };
}

function differing<T extends object>(one: T, other: T): Partial<T> {
  const entries = Object.entries(one).filter(
    ([key, value]) => value !== undefined && JSON.stringify(value) !== JSON.stringify(other[key as keyof T]),
  );
  return Object.fromEntries(entries) as Partial<T>;
}

/** `arguments.to[0].address` as a manifest writes it: `to.*.address`. */
const argumentPath = (path: string): string => path.replace(/^arguments\./, '').replaceAll(/\[\d+\]/g, '.*');
