import type { ToolView } from '@sallyport/core/admin';
import { Drawer } from '@mantine/core';
import { useState } from 'react';
import { Editor } from './Editor.tsx';
import { Facts } from '../../components/Page.tsx';
import { HostileBlock, HostileText } from '../../components/HostileText.tsx';
import { ManifestFacts } from './ManifestFacts.tsx';
import { Mark } from '../../components/Mark.tsx';
import { Proposal } from './Proposal.tsx';
import { draftOf, fromNames, fromTones } from './manifest.ts';
import { plural } from '../../text/format.ts';
import styles from './ToolDrawer.module.css';

/** One tool: what is said of it, what Sallyport proposes, and where an operator says otherwise. */
export function ToolDrawer({ tool, mayWrite, close }: { tool: ToolView; mayWrite: boolean; close: () => void }) {
  const [draft, setDraft] = useState(() => draftOf(tool.manifest));
  const isReadOnly = !mayWrite || tool.from === 'config';
  return (
    <Drawer
      opened
      onClose={close}
      position="right"
      size={560}
      title="Tool"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <div className={styles.body}>
        <About tool={tool} />
        <ReadOnly tool={tool} mayWrite={mayWrite} />
        {tool.proposal === undefined ? null : (
          <Proposal proposal={tool.proposal} use={isReadOnly ? undefined : (manifest) => setDraft(draftOf(manifest))} />
        )}
        {isReadOnly ? (
          <ManifestFacts manifest={tool.manifest} />
        ) : (
          <Editor tool={tool} draft={draft} setDraft={setDraft} close={close} />
        )}
      </div>
    </Drawer>
  );
}

function About({ tool: { name, from, seen, description } }: { tool: ToolView }) {
  return (
    <>
      <h3 className={styles.name}>
        <code>
          <HostileText text={name} max={200} />
        </code>
      </h3>
      <Facts
        rows={[
          [
            'Described by',
            <Mark key="from" tone={fromTones[from]}>
              {fromNames[from]}
            </Mark>,
          ],
          ['Seen', seen === undefined ? 'never called' : plural(seen.calls, 'call')],
          [
            'Arguments',
            seen === undefined || seen.arguments.length === 0 ? undefined : (
              <code key="arguments">
                <HostileText text={seen.arguments.join(', ')} max={400} />
              </code>
            ),
          ],
        ]}
      />
      {description === undefined || description === '' ? null : (
        <HostileBlock text={description} label="What its definition says, as the agent sent it" />
      )}
    </>
  );
}

/** Why nothing can be changed here, and where it can. */
function ReadOnly({ tool, mayWrite }: { tool: ToolView; mayWrite: boolean }) {
  if (tool.from === 'config') {
    return (
      <p className={styles.readOnly}>
        This manifest comes from <code>tools:</code> in sallyport.yaml, and is changed there. Here it is read-only.
      </p>
    );
  }
  if (!mayWrite) return <p className={styles.readOnly}>Your role sees manifests and cannot change them.</p>;
  if (tool.from === 'unknown') {
    return (
      <p className={styles.readOnly}>
        Nobody has described this tool as it is offered now, so the safest is assumed: it acts on the world, every
        argument is a target, and strangers write what it returns.
      </p>
    );
  }
  return null;
}
