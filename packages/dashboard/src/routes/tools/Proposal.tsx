import type { ToolView } from '@sallyport/core/admin';
import { Button } from '@mantine/core';
import type { ManifestView } from './manifest.ts';
import { Facts } from '../../components/Page.tsx';
import { HostileText } from '../../components/HostileText.tsx';
import { effectTexts, isSink, resultsText, targetsText } from './manifest.ts';
import styles from './Proposal.module.css';

/** What Sallyport would say of a tool, and why; it counts only once a person confirms it. */
export function Proposal({
  proposal: { manifest, why },
  use,
}: {
  proposal: NonNullable<ToolView['proposal']>;
  use: ((manifest: ManifestView) => void) | undefined;
}) {
  return (
    <section className={styles.proposal} aria-label="Proposal">
      <h3 className={styles.title}>Proposed, not in force</h3>
      <Facts
        rows={[
          ['Effect', `${effectTexts[manifest.effect].name}${isSink(manifest) ? ', sink' : ''}`],
          ['Targets', <HostileText key="targets" text={targetsText(manifest)} max={300} />],
          [
            'Content',
            manifest.content.length === 0 ? undefined : (
              <HostileText key="content" text={manifest.content.join(', ')} max={300} />
            ),
          ],
          ['Results', <HostileText key="results" text={resultsText(manifest)} max={300} />],
        ]}
      />
      <div>
        <h4 className={styles.why}>Because</h4>
        <ul className={styles.reasons}>
          {why.map((reason) => (
            <li key={reason}>
              <HostileText text={reason} max={400} />
            </li>
          ))}
        </ul>
      </div>
      {use === undefined ? null : (
        <Button size="compact-sm" variant="default" onClick={() => use(manifest)}>
          Fill in the proposal
        </Button>
      )}
    </section>
  );
}
