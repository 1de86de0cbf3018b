import { Mark } from './Mark.tsx';
import { liveState } from '../live/live.ts';
import { useValue } from '../live/value.ts';

const shown = {
  off: {
    tone: 'quiet',
    word: 'Polling',
    why: 'This role does not follow the live stream; pages ask every few seconds.',
  },
  connecting: { tone: 'quiet', word: 'Connecting', why: 'Opening the live stream.' },
  live: { tone: 'live', word: 'Live', why: 'Entries appear as they are recorded.' },
  down: {
    tone: 'hold',
    word: 'Disconnected',
    why: 'The live stream is lost. Trying again; pages ask every few seconds.',
  },
} as const;

export function LiveMark() {
  const { tone, word, why } = shown[useValue(liveState)];
  return (
    <output title={why}>
      <Mark tone={tone}>{word}</Mark>
    </output>
  );
}
