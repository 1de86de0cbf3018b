import { NumberInput, SegmentedControl, Select, Switch, TagsInput } from '@mantine/core';
import type { ManifestDraft } from './manifest.ts';
import { Pairs } from './Pairs.tsx';
import { effectNames, effectTexts, isSink } from './manifest.ts';
import styles from './ManifestForm.module.css';

interface FormProps {
  readonly draft: ManifestDraft;
  /** Arguments that its calls have carried. */
  readonly seen: readonly string[];
  readonly change: (part: Partial<ManifestDraft>) => void;
}

export function ManifestForm(props: FormProps) {
  return (
    <>
      <Does {...props} />
      <Arguments {...props} />
      <Results {...props} />
    </>
  );
}

function Does({ draft, change }: FormProps) {
  const byEffect = isSink({ effect: draft.effect, sink: undefined }) ? 'a sink' : 'no sink';
  return (
    <fieldset className={styles.part}>
      <legend>What it does</legend>
      <Select
        label="Effect"
        data={effectNames.map((value) => ({
          value,
          label: `${effectTexts[value].name}: ${effectTexts[value].means}`,
        }))}
        value={draft.effect}
        allowDeselect={false}
        onChange={(chosen) => change({ effect: effectNames.find((one) => one === chosen) ?? draft.effect })}
      />
      <div className={styles.choice}>
        <span id="sink-label">Leaves the session</span>
        <SegmentedControl
          aria-labelledby="sink-label"
          size="xs"
          value={draft.sink}
          onChange={(sink) => {
            if (sink === 'default' || sink === 'yes' || sink === 'no') change({ sink });
          }}
          data={[
            { value: 'default', label: `By its effect: ${byEffect}` },
            { value: 'yes', label: 'Sink' },
            { value: 'no', label: 'No sink' },
          ]}
        />
      </div>
      <Switch
        label="Local"
        description="Writes only into the session’s own workspace: no sink until something leaves"
        checked={draft.local}
        onChange={(event) => change({ local: event.currentTarget.checked })}
      />
      <TagsInput
        label="Confirms"
        description="Tools whose queued operation this call releases, such as by a one-time code"
        value={[...draft.confirms]}
        onChange={(confirms) => change({ confirms })}
      />
    </fieldset>
  );
}

function Arguments({ draft, seen, change }: FormProps) {
  const open = seen.filter((path) => !draft.content.includes(path));
  return (
    <fieldset className={styles.part}>
      <legend>Its arguments</legend>
      <TagsInput
        label="Content"
        description="Only said or stored. Links, addresses and accounts in it still count as targets."
        data={[...seen]}
        value={[...draft.content]}
        onChange={(content) => change({ content })}
      />
      <Switch
        label="Every other argument is a target"
        description={
          draft.target === undefined && open.length > 0
            ? `A target chooses who, where or what is affected. Now: ${open.join(', ')}.`
            : 'A target chooses who, where or what is affected. Off: only those that you name.'
        }
        checked={draft.target === undefined}
        onChange={(event) => change({ target: event.currentTarget.checked ? undefined : open })}
      />
      {draft.target === undefined ? null : (
        <TagsInput
          label="Targets"
          data={[...seen]}
          value={[...draft.target]}
          onChange={(target) => change({ target })}
        />
      )}
      <Pairs
        label="Caps"
        description="Amounts up to this are free once the recipient is trusted"
        name="Argument"
        rows={draft.caps}
        fresh={undefined}
        change={(caps) => change({ caps })}
        renderValue={(value, set, label) => (
          <NumberInput
            aria-label={label}
            placeholder="Amount"
            min={0}
            hideControls
            value={value ?? ''}
            onChange={(next) => set(typeof next === 'number' ? next : undefined)}
          />
        )}
      />
    </fieldset>
  );
}

const trusts = [
  { value: 'untrusted', label: 'Third parties can write it' },
  { value: 'trusted', label: 'I vouch for it' },
] as const;

function Results({ draft, change }: FormProps) {
  return (
    <fieldset className={styles.part}>
      <legend>What it returns</legend>
      <div className={styles.choice}>
        <span id="trust-label">Trust</span>
        <SegmentedControl
          aria-labelledby="trust-label"
          size="xs"
          value={draft.trust}
          onChange={(trust) => change({ trust: trust === 'trusted' ? 'trusted' : 'untrusted' })}
          data={[...trusts]}
        />
      </div>
      <div className={styles.choice}>
        <span id="format-label">Format</span>
        <SegmentedControl
          aria-labelledby="format-label"
          size="xs"
          value={draft.format}
          onChange={(format) => change({ format: format === 'records' ? 'records' : 'text' })}
          data={[
            { value: 'text', label: 'Text' },
            { value: 'records', label: 'Records' },
          ]}
        />
        <span className={styles.hint}>
          {draft.format === 'records'
            ? 'The tool itself lays out the fields.'
            : 'Its layout may be part of what others wrote, so fields tell nothing.'}
        </span>
      </div>
      {draft.format === 'records' ? (
        <Pairs<'trusted' | 'untrusted'>
          label="Fields whose trust differs"
          description="A path such as items.*.id"
          name="Field"
          rows={draft.fields}
          fresh="trusted"
          change={(fields) => change({ fields })}
          renderValue={(value, set, label) => (
            <Select
              aria-label={label}
              data={['trusted', 'untrusted']}
              value={value}
              allowDeselect={false}
              onChange={(next) => set(next === 'trusted' ? 'trusted' : 'untrusted')}
            />
          )}
        />
      ) : null}
      <TagsInput
        label="Labels"
        description="Classes of data in everything it returns"
        data={['private', 'pii', 'phi', 'secret']}
        value={[...draft.labels]}
        onChange={(labels) => change({ labels })}
      />
      <Switch
        label="Echoes"
        description="Its arguments come back in what it returns"
        checked={draft.echoes}
        onChange={(event) => change({ echoes: event.currentTarget.checked })}
      />
    </fieldset>
  );
}
