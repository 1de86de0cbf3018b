import { Link } from '@tanstack/react-router';
import { Modal } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Answer } from '../../components/States.tsx';
import { Copy } from '../../components/Code.tsx';
import { HostileBlock, HostileText } from '../../components/HostileText.tsx';
import { queries } from '../../queries.ts';
import styles from './AnswerDialog.module.css';

/** The one file that can be changed on these screens. */
const editable = 'permissions.yaml';

/** A rule that would decide calls like this one without asking, for the operator to read, change and save by hand. */
export function DraftRule({ id, close }: { id: string; close: () => void }) {
  const draft = useQuery({ ...queries.draftRule(id), staleTime: 0 });
  return (
    <Modal opened onClose={close} title="Draft of a rule" size="lg">
      <Answer of={draft} label="the draft">
        {({ file, text, explanation }) => (
          <div className={styles.form}>
            <p>
              <HostileText text={explanation} max={1_000} />
            </p>
            {/* Values of the call are in it, so it is hostile text. */}
            <HostileBlock text={text} label={`For ${file}`} />
            <p className={styles.row}>
              <Copy text={text} what={`the draft for ${file}`} size="sm" />
              {file === editable ? (
                <Link to="/permissions" search={{ view: 'file' }}>
                  Open Permissions to add it
                </Link>
              ) : null}
            </p>
            <p className={styles.quiet}>
              For <code>{file}</code>
              {file === editable ? '' : ', which is changed on the machine where the runtime runs'}. Read it before you
              save it: it decides every call that fits, also those that nobody has seen yet.
            </p>
          </div>
        )}
      </Answer>
    </Modal>
  );
}
