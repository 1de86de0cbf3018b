import type { AdminAnswer } from '@sallyport/core/admin';
import { Empty } from '../../components/States.tsx';
import { Panel } from '../../components/Page.tsx';
import styles from './Providers.module.css';

export function Providers({ providers }: { providers: AdminAnswer<'overview.get'>['providers'] }) {
  return (
    <Panel title="Providers">
      {providers.length === 0 ? (
        <Empty title="No provider is configured">Add one under providers: in sallyport.yaml.</Empty>
      ) : (
        <ul className={styles.list}>
          {providers.map(({ name, baseUrl, scripted }) => (
            <li key={name} className={styles.provider}>
              <strong>{name}</strong>
              {scripted ? (
                <span className={styles.note}>
                  scripted practice model: no AI answers. Set OPENAI_API_KEY, or add a provider in sallyport.yaml, and
                  restart.
                </span>
              ) : (
                <code className={styles.url}>{baseUrl}</code>
              )}
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
