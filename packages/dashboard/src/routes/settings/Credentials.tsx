import type { CredentialView } from '@sallyport/core/admin';
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Asked } from './CredentialActions.tsx';
import { Ago } from '../../components/Ago.tsx';
import { Answer, Empty } from '../../components/States.tsx';
import { CredentialActions } from './CredentialActions.tsx';
import { Mark } from '../../components/Mark.tsx';
import { attachNames, credentialLooks, sourceNames } from './credentials.ts';
import { queries } from '../../queries.ts';
import { useMay } from '../../components/me.ts';
import styles from '../settings.module.css';
import own from './Credentials.module.css';
import table from '../../components/Table.module.css';

export function Credentials() {
  const credentials = useQuery(queries.credentials);
  const mayWrite = useMay('credentials.write');
  const [asked, setAsked] = useState<Asked>();
  return (
    <>
      <p className={`${styles.hint} ${own.hint}`}>
        Tools’ own keys. No agent holds one: each is attached to a call as it leaves, for the upstream, hosts and tools
        that it is bound to, and for nothing else. A value is never shown. They are named under <code>credentials</code>{' '}
        in sallyport.yaml.
      </p>
      <Answer of={credentials} label="credentials">
        {({ credentials: all }) => (
          <div className={styles.card}>
            {all.length === 0 ? (
              <Empty title="No credential yet">
                Name one under credentials: in sallyport.yaml, and where it is kept.
              </Empty>
            ) : (
              <Listed credentials={all} ask={mayWrite ? setAsked : undefined} />
            )}
          </div>
        )}
      </Answer>
      {asked === undefined ? null : <CredentialActions asked={asked} close={() => setAsked(undefined)} />}
    </>
  );
}

type Ask = ((asked: Asked) => void) | undefined;

function Listed({ credentials, ask }: { credentials: readonly CredentialView[]; ask: Ask }) {
  return (
    <div className={table.scroll}>
      <table className={table.table}>
        <thead>
          <tr>
            <th scope="col">Credential</th>
            <th scope="col">Kept in</th>
            <th scope="col">Goes to</th>
            <th scope="col">For the tools</th>
            <th scope="col">State</th>
            <th scope="col">Last read</th>
            {ask ? <th scope="col">Actions</th> : null}
          </tr>
        </thead>
        <tbody>
          {credentials.map((credential) => (
            <Row key={credential.name} credential={credential} ask={ask} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ credential, ask }: { credential: CredentialView; ask: Ask }) {
  const { name, source, attach, upstreams, hosts, tools, state, lastReadAt, lastFailure } = credential;
  const { tone, word } = credentialLooks[state];
  return (
    <tr>
      <td className={`${table.main} ${table.wide}`}>
        <span className={own.lines}>
          {name}
          <span className={own.quiet}>{attachNames[attach] ?? attach}</span>
        </span>
      </td>
      <td data-label="Kept in" className={table.wide}>
        {sourceNames[source]}
      </td>
      <td data-label="Goes to" className={table.wide}>
        <span className={own.lines}>
          {upstreams.join(', ')}
          {hosts.length === 0 ? null : <span className={own.quiet}>{hosts.join(', ')}</span>}
        </span>
      </td>
      <td data-label="For the tools" className={table.wide}>
        {tools.includes('*') ? <span className={table.quiet}>all of them</span> : <code>{tools.join(', ')}</code>}
      </td>
      <td data-label="State" className={table.wide}>
        <span className={own.lines}>
          <Mark tone={tone}>{word}</Mark>
          {lastFailure === null ? null : <span className={own.failure}>{lastFailure}</span>}
        </span>
      </td>
      <td data-label="Last read" className={table.wide}>
        {lastReadAt === null ? <span className={table.quiet}>never</span> : <Ago at={lastReadAt} />}
      </td>
      {ask ? (
        <td className={table.wide}>
          <Actions of={credential} ask={ask} />
        </td>
      ) : null}
    </tr>
  );
}

function Actions({ of: { name, source, attach, state }, ask }: { of: CredentialView; ask: NonNullable<Ask> }) {
  const isRevoked = state === 'revoked';
  return (
    <div className={table.actions}>
      {source === 'stored' ? (
        <Button
          size="compact-xs"
          variant="default"
          onClick={() => ask({ name, attach, to: 'set' })}
          aria-label={`Set value of ${name}`}
        >
          Set value
        </Button>
      ) : null}
      <Button
        size="compact-xs"
        variant="default"
        onClick={() => ask({ name, attach, to: isRevoked ? 'restore' : 'revoke' })}
        aria-label={`${isRevoked ? 'Restore' : 'Revoke'} ${name}`}
      >
        {isRevoked ? 'Restore' : 'Revoke'}
      </Button>
    </div>
  );
}
