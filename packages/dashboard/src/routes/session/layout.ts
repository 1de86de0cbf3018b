import { Graph, layout } from '@dagrejs/dagre';
import type { Flow, FlowEdge } from './flow.ts';

/** In CSS pixels. A call grows with the lines that meet in it. */
const size = { width: 230, height: 58, line: 19 };

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Placed {
  readonly boxOf: (id: string) => Box;
  /** How far from the middle of its call a line ends, so that no two meet. */
  readonly endOf: (edge: FlowEdge) => number;
  readonly height: number;
}

export const sourceId = (source: number): string => `source ${source}`;
export const edgeId = ({ source, eventId, isSuspect }: FlowEdge): string => `${source} ${eventId} ${isSuspect}`;

/** Two columns: calls in the order of time, sources each as near as may be to the calls that took from it. */
export function placesOf(sources: Flow['sources'], calls: Flow['calls'], edges: Flow['edges']): Placed {
  const graph = new Graph();
  graph.setGraph({ rankdir: 'LR', nodesep: 20, ranksep: 270 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { source } of sources) graph.setNode(sourceId(source), { width: size.width, height: size.height });
  for (const { eventId } of calls) {
    const lines = edges.filter((edge) => edge.eventId === eventId).length;
    graph.setNode(eventId, { width: size.width, height: Math.max(size.height, lines * size.line + 8) });
  }
  for (const { source, eventId } of edges) graph.setEdge(sourceId(source), eventId);
  connectLonely(graph, sources, calls);
  const order = new Map([...calls.keys()].map((place) => [calls[place]?.eventId ?? '', place]));
  for (const [place, id] of sourcesInOrder(sources, edges, order).entries()) order.set(id, place);
  layout(graph, {
    customOrder: (ranked, usual) => {
      usual(ranked);
      for (const [id, place] of order) Object.assign(ranked.node(id), { order: place });
    },
  });
  const boxOf = (id: string): Box => {
    const { x = 0, y = 0, width = 0, height = 0 } = graph.node(id) as Partial<Box>;
    return { x: x - width / 2, y: y - height / 2, width, height };
  };
  return {
    boxOf,
    endOf: endsOf(edges, (source) => boxOf(sourceId(source)).y),
    height: (graph.graph() as { height?: number }).height ?? 0,
  };
}

function sourcesInOrder(sources: Flow['sources'], edges: Flow['edges'], order: ReadonlyMap<string, number>): string[] {
  const middle = (source: number): number => {
    const places = edges.filter((edge) => edge.source === source).map(({ eventId }) => order.get(eventId) ?? 0);
    return places.length === 0 ? -1 : places.reduce((sum, place) => sum + place, 0) / places.length;
  };
  return sources
    .map(({ source }) => ({ id: sourceId(source), at: middle(source) }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ id }) => id);
}

/** What has no line would stand in the first column, whatever it is. */
function connectLonely(graph: Graph, sources: Flow['sources'], calls: Flow['calls']): void {
  const [source] = sources;
  const [call] = calls;
  if (!source || !call) return;
  for (const { eventId } of calls) {
    if (graph.predecessors(eventId)?.length === 0) graph.setEdge(sourceId(source.source), eventId, { weight: 0 });
  }
  for (const one of sources) {
    if (graph.successors(sourceId(one.source))?.length !== 0) continue;
    graph.setEdge(sourceId(one.source), call.eventId, { weight: 0 });
  }
}

/** Lines end in the order in which their sources stand. */
function endsOf(edges: Flow['edges'], heightOf: (source: number) => number): Placed['endOf'] {
  const ends = new Map<string, number>();
  for (const eventId of new Set(edges.map((edge) => edge.eventId))) {
    const into = edges
      .filter((edge) => edge.eventId === eventId)
      .toSorted((a, b) => heightOf(a.source) - heightOf(b.source) || Number(a.isSuspect) - Number(b.isSuspect));
    for (const [place, edge] of into.entries()) {
      ends.set(edgeId(edge), (place - (into.length - 1) / 2) * size.line);
    }
  }
  return (edge) => ends.get(edgeId(edge)) ?? 0;
}
