import { Button, NumberInput, SegmentedControl, Select, TagsInput, TextInput } from '@mantine/core';
import type { CellDraft, Condition } from './cell.ts';
import { emptyCondition, keptTexts } from './cell.ts';
import styles from './Conditions.module.css';

/** Argument patterns: all must hold for the decision to count; else `otherwise` does. */
export function Conditions({
  draft,
  change,
  mayWrite,
}: {
  draft: CellDraft;
  change: (draft: CellDraft) => void;
  mayWrite: boolean;
}) {
  const { when, decision } = draft;
  const set = (place: number, part: Partial<Condition>) =>
    change({ ...draft, when: when.map((one, at) => (at === place ? { ...one, ...part } : one)) });
  return (
    <fieldset className={styles.conditions} disabled={!mayWrite}>
      <legend>Only when its arguments fit</legend>
      {when.map((condition, place) => (
        // oxlint-disable-next-line react/no-array-index-key -- conditions are known by their place only
        <fieldset key={place} className={styles.condition} aria-label={`Condition ${place + 1}`}>
          <TextInput
            label="Argument"
            placeholder="to, or customer.id"
            value={condition.path}
            onChange={(event) => set(place, { path: event.currentTarget.value })}
          />
          <Select
            label="Must"
            data={[
              { value: 'pattern', label: 'match a pattern' },
              { value: 'choice', label: 'be one of' },
              { value: 'range', label: 'be between' },
              ...(condition.kind === 'kept' ? [{ value: 'kept', label: 'be as the file says' }] : []),
            ]}
            value={condition.kind}
            allowDeselect={false}
            onChange={(kind) => {
              if (kind === 'pattern' || kind === 'choice' || kind === 'range') set(place, { kind });
            }}
          />
          <div className={styles.wide}>
            <Demand condition={condition} set={(part) => set(place, part)} />
          </div>
          {mayWrite ? (
            <Button
              size="compact-xs"
              variant="subtle"
              color="dark.3"
              className={`${styles.remove} sp-quiet`}
              onClick={() => change({ ...draft, when: when.filter((_, at) => at !== place) })}
              aria-label={`Remove the condition on ${condition.path || 'no argument yet'}`}
            >
              Remove
            </Button>
          ) : null}
        </fieldset>
      ))}
      {mayWrite ? (
        <Button
          size="compact-sm"
          variant="default"
          onClick={() => change({ ...draft, when: [...when, emptyCondition] })}
        >
          Add a condition
        </Button>
      ) : null}
      {when.length === 0 || decision === 'ask' ? null : (
        <div className={styles.otherwise}>
          <span id="otherwise">Otherwise</span>
          <SegmentedControl
            aria-labelledby="otherwise"
            size="xs"
            disabled={!mayWrite}
            value={draft.otherwise}
            onChange={(otherwise) => {
              if (otherwise === 'ask' || otherwise === 'deny') change({ ...draft, otherwise });
            }}
            data={[
              { value: 'deny', label: 'Deny' },
              { value: 'ask', label: 'Ask' },
            ]}
          />
        </div>
      )}
    </fieldset>
  );
}

function Demand({ condition, set }: { condition: Condition; set: (part: Partial<Condition>) => void }) {
  const kept = keptTexts(condition);
  return (
    <>
      <Fields condition={condition} set={set} />
      {kept.length === 0 ? null : <p>It must be one that {kept.join(' and ')}: change that in permissions.yaml.</p>}
    </>
  );
}

function Fields({ condition, set }: { condition: Condition; set: (part: Partial<Condition>) => void }) {
  const { kind, pattern, choices, min, max } = condition;
  if (kind === 'kept') return null;
  if (kind === 'pattern') {
    return (
      <TextInput
        label="Pattern"
        placeholder="*@acme.example"
        description="* stands for any text"
        inputWrapperOrder={['label', 'input', 'description']}
        value={pattern}
        onChange={(event) => set({ pattern: event.currentTarget.value })}
      />
    );
  }
  if (kind === 'choice') {
    return (
      <TagsInput
        label="Values"
        placeholder={choices.length === 0 ? 'Type one, then Enter' : ''}
        value={[...choices]}
        onChange={(next) => set({ choices: next })}
      />
    );
  }
  return (
    <div className={styles.range}>
      <NumberInput label="At least" value={min ?? ''} onChange={(value) => set({ min: bound(value) })} hideControls />
      <NumberInput label="At most" value={max ?? ''} onChange={(value) => set({ max: bound(value) })} hideControls />
    </div>
  );
}

const bound = (value: string | number): number | undefined => (typeof value === 'number' ? value : undefined);
