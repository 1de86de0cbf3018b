import type { AdminAnswer, AdminInput } from '@sallyport/core/admin';
import { Autocomplete, Button, Select, TagsInput, TextInput, Textarea } from '@mantine/core';
import { adminRoutes } from '@sallyport/core/admin';
import { getRouteApi } from '@tanstack/react-router';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import type { CellKind, PoliciesView } from './cell.ts';
import { Empty, Failed } from '../../components/States.tsx';
import { OutcomeMark } from '../../components/Mark.tsx';
import { Panel } from '../../components/Page.tsx';
import { Reasons } from '../session/Reason.tsx';
import { Rules } from './Rules.tsx';
import { call } from '../../api.ts';
import { namesOf } from './cell.ts';
import styles from './Explain.module.css';

const route = getRouteApi('/shell/permissions');

type Question = AdminInput<'policies.explain'>['body'];

const actions = [
  { value: 'tools', label: 'call the tool', action: 'tool_call' },
  { value: 'models', label: 'ask the model', action: 'model_request' },
  { value: 'hosts', label: 'reach the host', action: 'egress_request' },
] as const satisfies readonly { value: CellKind; label: string; action: Question['action'] }[];

/** What would be decided, and by which rule: asked of the policies in force, without anything happening. */
export function Explain({ policies }: { policies: PoliciesView }) {
  const search = route.useSearch();
  const [roles, setRoles] = useState<string[]>(search.role === undefined ? [] : search.role.split(','));
  const [kind, setKind] = useState<CellKind>(search.kind ?? 'tools');
  const [name, setName] = useState(search.name ?? '');
  const [user, setUser] = useState('anyone');
  const [text, setText] = useState(search.arguments ?? '{}');
  const ask = useMutation({ mutationFn: (body: Question) => call('policies.explain', { body }) });
  const given = readArguments(text);
  const { action } = actions.find(({ value }) => value === kind) ?? actions[0];
  const submit = () => {
    if ('problem' in given) return;
    const known = kind === 'tools' ? { arguments: given.value } : {};
    ask.mutate({ roles, user, action, resource: name, ...known });
  };
  return (
    <div className={styles.columns}>
      <Panel title="What if">
        <form
          className={styles.form}
          onSubmit={(event) => {
            event.preventDefault();
            submit();
          }}
        >
          <TagsInput
            label="An agent with the roles"
            data={Object.keys(policies.roles)}
            value={roles}
            onChange={setRoles}
            placeholder={roles.length === 0 ? 'Choose roles' : ''}
          />
          <TextInput
            label="For the user"
            value={user}
            onChange={(event) => setUser(event.currentTarget.value)}
            required
          />
          <Select
            label="Wants to"
            data={actions.map(({ value, label }) => ({ value, label }))}
            value={kind}
            allowDeselect={false}
            onChange={(chosen) => setKind(actions.find(({ value }) => value === chosen)?.value ?? 'tools')}
          />
          <Autocomplete
            label="Named"
            data={namesOf(policies, kind).filter((one) => !one.includes('*'))}
            value={name}
            onChange={setName}
            required
          />
          {kind === 'tools' ? (
            <Textarea
              label="With the arguments"
              description="A JSON object"
              value={text}
              onChange={(event) => setText(event.currentTarget.value)}
              error={'problem' in given ? given.problem : undefined}
              autosize
              minRows={4}
              maxRows={16}
              classNames={{ input: styles.json }}
              spellCheck={false}
            />
          ) : null}
          <Button type="submit" loading={ask.isPending}>
            Which rule decides?
          </Button>
        </form>
      </Panel>
      <div aria-live="polite" className={styles.answer}>
        {ask.isError ? <Failed error={ask.error} /> : null}
        {ask.data ? (
          <Explanation answer={ask.data} />
        ) : (
          <Panel title="Answer">
            <Empty title="Ask what would happen">
              Every rule whose scope fits is listed, with its text, and those that decided are marked. Nothing is done
              or recorded.
            </Empty>
          </Panel>
        )}
      </div>
    </div>
  );
}

function Explanation({ answer }: { answer: AdminAnswer<'policies.explain'> }) {
  return (
    <>
      <Panel title="Answer">
        <div className={styles.outcome} data-outcome={answer.outcome}>
          <OutcomeMark outcome={answer.outcome} />
        </div>
        <Reasons reasons={answer.reasons} />
      </Panel>
      <Rules rules={answer.rules} />
    </>
  );
}

type Given = { readonly value: Question['arguments'] } | { readonly problem: string };

const argumentsSchema = adminRoutes['policies.explain'].body.shape.arguments;

function readArguments(text: string): Given {
  try {
    const read = argumentsSchema.safeParse(JSON.parse(text === '' ? '{}' : text));
    return read.success ? { value: read.data } : { problem: 'Write a JSON object, such as {"to": "ada@acme.example"}' };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : 'This is not JSON' };
  }
}
