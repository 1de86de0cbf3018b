import type { ReactNode } from 'react';
import { Button, TextInput } from '@mantine/core';
import type { Pair } from './manifest.ts';
import styles from './Pairs.module.css';

/** Rows of a path and what is said of it. */
export function Pairs<T>({
  label,
  description,
  name,
  rows,
  fresh,
  change,
  renderValue,
}: {
  label: string;
  description: string;
  /** What a path names: an argument, or a field. */
  name: string;
  rows: readonly Pair<T>[];
  fresh: T;
  change: (rows: Pair<T>[]) => void;
  renderValue: (value: T, set: (value: T) => void, label: string) => ReactNode;
}) {
  const set = (place: number, part: Partial<Pair<T>>) =>
    change(rows.map((row, at) => (at === place ? { ...row, ...part } : row)));
  return (
    <fieldset className={styles.pairs}>
      <legend className={styles.label}>{label}</legend>
      <p className={styles.description}>{description}</p>
      {rows.map((row, place) => (
        // oxlint-disable-next-line react/no-array-index-key -- rows are known by their place only
        <div key={place} className={styles.row}>
          <TextInput
            aria-label={`${name} ${place + 1}`}
            placeholder={name}
            value={row.path}

            onChange={(event) => set(place, { path: event.currentTarget.value })}
          />
          {renderValue(row.value, (value) => set(place, { value }), `${label} of ${row.path === '' ? name : row.path}`)}
          <Button
            size="compact-sm"
            variant="subtle"
            color="dark.3"
            className="sp-quiet"
            onClick={() => change(rows.filter((_, at) => at !== place))}
            aria-label={`Remove ${row.path === '' ? name : row.path}`}
          >
            Remove
          </Button>
        </div>
      ))}
      <Button
        size="compact-sm"
        variant="default"
        onClick={() => change([...rows, { path: '', value: fresh }])}
        aria-label={`Add to ${label}`}
      >
        Add
      </Button>
    </fieldset>
  );
}
