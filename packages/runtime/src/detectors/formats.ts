import { RuntimeFault } from '@sallyport/core';
import type { DetectorAnswer, HttpDetectorConfig } from '@sallyport/core';

/** How a kind of server is asked, and what its answers mean. */
interface Format {
  readonly bodyOf: (text: string) => unknown;
  /** @throws RuntimeFault `detector_failed` for what is no answer of this format */
  readonly answerOf: (answer: unknown) => DetectorAnswer;
}

/** Prompt Guard 1 names three classes. 2 has two, which are numbered unless whoever serves it names them. */
const promptGuardLabels = {
  attack: ['INJECTION', 'JAILBREAK', 'MALICIOUS', 'LABEL_1'],
  harmless: ['BENIGN', 'LABEL_0'],
};

/** One line for each format. */
export const formats: Readonly<Record<HttpDetectorConfig['format'], (config: HttpDetectorConfig) => Format>> = {
  'prompt-guard': ({ labels = promptGuardLabels }) => classifier(labels),
  classification: ({ labels = { attack: [], harmless: [] } }) => classifier(labels),
  lakera,
};

const malformed = (detail: string): RuntimeFault => new RuntimeFault('detector_failed', { detail });

/**
 * Text classification as Hugging Face's inference servers and Text Embeddings Inference (`POST /predict`) speak it. What is
 * too long must be refused and not cut: the attack may stand in the part that nobody reads.
 */
function classifier(labels: { readonly attack: readonly string[]; readonly harmless: readonly string[] }): Format {
  const attack = new Set(labels.attack);
  const known = new Set([...labels.attack, ...labels.harmless]);
  return {
    bodyOf: (text) => ({ inputs: text }),
    answerOf(answer) {
      const first: unknown = Array.isArray(answer) ? answer[0] : undefined;
      // Some servers answer one text as a batch of one.
      const classes: unknown = Array.isArray(first) && (answer as unknown[]).length === 1 ? first : answer;
      if (!Array.isArray(classes) || classes.length === 0)
        throw malformed('its answer is no list of labels and scores');
      let score = 0;
      for (const each of classes as readonly unknown[]) {
        const { label, score: part } = readClass(each);
        // A model that was exchanged for one with other labels would find nothing ever again.
        if (!known.has(label)) throw malformed('it answered a label that `labels` does not name');
        if (attack.has(label)) score += part;
      }
      return { score: Math.min(1, score) };
    },
  };
}

function readClass(each: unknown): { readonly label: string; readonly score: number } {
  const { label, score } = (typeof each === 'object' && each !== null ? each : {}) as {
    readonly label?: unknown;
    readonly score?: unknown;
  };
  if (typeof label === 'string' && typeof score === 'number' && score >= 0 && score <= 1) return { label, score };
  throw malformed('its answer is no list of labels and scores between 0 and 1');
}

/** Lakera Guard v2. Its project may look for other things as well: only attacks on the prompt count. */
function lakera({ project }: HttpDetectorConfig): Format {
  return {
    bodyOf: (text) => ({
      messages: [{ role: 'user', content: text }],
      breakdown: true,
      ...(project === undefined ? {} : { project_id: project }),
    }),
    answerOf(answer) {
      const { flagged, breakdown } = (typeof answer === 'object' && answer !== null ? answer : {}) as {
        readonly flagged?: unknown;
        readonly breakdown?: unknown;
      };
      if (typeof flagged !== 'boolean') throw malformed('its answer has no flagged: true or false');
      if (!flagged) return { score: 0 };
      const detected = (Array.isArray(breakdown) ? (breakdown as readonly unknown[]) : []).flatMap(detectedType);
      // Flagged, and it does not say why: then it may be for this.
      const isAttack = detected.length === 0 || detected.some((type) => /^prompt_(?:attack|injection)/.test(type));
      return { score: isAttack ? 1 : 0 };
    },
  };
}

function detectedType(each: unknown): string[] {
  const { detected, detector_type: type } = (typeof each === 'object' && each !== null ? each : {}) as {
    readonly detected?: unknown;
    readonly detector_type?: unknown;
  };
  return detected === true ? [typeof type === 'string' ? type : 'prompt_attack'] : [];
}
