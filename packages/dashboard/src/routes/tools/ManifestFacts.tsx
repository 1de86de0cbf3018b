import type { ReactNode } from 'react';
import type { ManifestView } from './manifest.ts';
import { Facts } from '../../components/Page.tsx';
import { HostileText } from '../../components/HostileText.tsx';
import { draftOf, effectTexts, isSink, keptOf, resultsText, targetsText } from './manifest.ts';
import styles from './ToolDrawer.module.css';

/** A manifest to be read: a form that is switched off can hardly be. */
export function ManifestFacts({ manifest }: { manifest: ManifestView }) {
  const { effect, local, content, caps, confirms, results } = manifest;
  const amounts = Object.entries(caps).map(([path, most]) => `${path} up to ${most}`);
  const kept = keptOf(draftOf(manifest));
  return (
    <section className={styles.facts} aria-label="Manifest">
      <Facts
        rows={[
          ['Effect', `${effectTexts[effect].name}: ${effectTexts[effect].means}`],
          ['Leaves', isSink(manifest) ? 'the session: a sink' : 'nothing: no sink'],
          ['Local', local ? 'writes only into the session’s own workspace' : undefined],
          ['Targets', named(targetsText(manifest))],
          ['Content', names(content)],
          ['Caps', names(amounts)],
          ['Confirms', names(confirms)],
          ['Results', named(resultsText(manifest))],
          ['Format', results.format === 'records' ? 'records: the tool lays out the fields' : 'text'],
          ['Labels', names(results.labels)],
          ['Echoes', results.echoes ? 'its arguments come back in what it returns' : undefined],
          ['Also', names(kept)],
        ]}
      />
    </section>
  );
}

const named = (text: string): ReactNode => <HostileText text={text} max={400} />;
const names = (all: readonly string[]): ReactNode => (all.length === 0 ? undefined : named(all.join(', ')));
