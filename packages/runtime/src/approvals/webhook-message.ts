import type { ListedApproval } from './approvals.ts';
import { reasons, showText } from '@sallyport/core';

const longestValue = 120;
const longestName = 80;

/** What a chat learns of a new approval: enough to know whether to look. Arguments and excerpts stay behind the sign-in. */
export interface ApprovalMessage {
  readonly id: string;
  readonly tool: string;
  readonly agent: string;
  readonly user: string;
  readonly reason: string;
  /** Place and short value of what was held, where there is one, and where it was first read. */
  readonly value?: string;
  readonly approvers: number;
  readonly expiresAt: number;
  /** Where it is answered. */
  readonly url: string;
}

/** Names and values come from agents, models and strangers: what does not show in them is shown. */
export function messageOf(
  approval: ListedApproval,
  baseUrl: string,
  mask: (text: string) => string = (text) => text,
): ApprovalMessage {
  const { id, tool, agent, userId, reason, votesNeeded, expiresAt } = approval;
  const value = reason && valueOf(reason, mask);
  const name = (text: string) => showText(mask(text), longestName);
  return {
    id,
    tool: name(tool),
    agent: name(agent),
    user: name(userId),
    reason: reasons[reason?.code ?? 'approval_required'].title,
    ...(value === undefined ? {} : { value }),
    approvers: votesNeeded,
    expiresAt,
    url: `${baseUrl}/approvals/${encodeURIComponent(id)}`,
  };
}

function valueOf(
  { path, value, source }: NonNullable<ListedApproval['reason']>,
  mask: (text: string) => string,
): string | undefined {
  if (path === undefined) return undefined;
  const shown = value === undefined ? '' : ` = ${showText(mask(value), longestValue)}`;
  const from =
    source?.tool === undefined ? '' : `, first seen in the result of ${showText(mask(source.tool), longestName)}`;
  return `${showText(mask(path), longestName)}${shown}${from}`;
}

/**
 * As Slack's incoming webhooks take it (Block Kit). Everything is plain text, never mrkdwn: a value may hold a link, a
 * mention of everybody or a forged line of ours.
 */
export function slackBody(message: ApprovalMessage): object {
  const { tool, agent, user, reason, value, approvers, expiresAt, url, id } = message;
  const title = escaped(`A call of ${tool} waits for approval`);
  const facts = [
    ['Agent', agent],
    ['For', user],
    ['Why', reason],
    ...(value === undefined ? [] : [['What', value]]),
    ['Until', new Date(expiresAt).toISOString()],
    ...(approvers > 1 ? [['Approvers needed', String(approvers)]] : []),
    ['Approval', id],
  ];
  return {
    text: title,
    mrkdwn: false,
    unfurl_links: false,
    blocks: [
      { type: 'header', text: plain(title) },
      { type: 'section', fields: facts.map(([name, fact = '']) => plain(`${name}\n${escaped(fact)}`)) },
      { type: 'actions', elements: [{ type: 'button', text: plain('Open in Sallyport'), url }] },
    ],
  };
}

export const jsonBody = (message: ApprovalMessage): object => ({ type: 'approval.requested', approval: message });

const plain = (text: string) => ({ type: 'plain_text', text, emoji: false });

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '`': '\u02cb' };
/** As Slack's documentation asks for; and chats that read the text as Markdown find no code in it. */
const escaped = (text: string): string => text.replaceAll(/[&<>`]/g, (char) => entities[char] ?? char);
