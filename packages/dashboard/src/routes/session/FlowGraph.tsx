// oxlint-disable-next-line import/no-unassigned-import -- a style sheet
import '@xyflow/react/dist/base.css';
import type { Edge, EdgeProps, Node, NodeProps } from '@xyflow/react';
import { BaseEdge, Controls, EdgeLabelRenderer, Handle, Position, ReactFlow, getBezierPath } from '@xyflow/react';
import { Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import type { Flow, FlowCall, FlowEdge, FlowSource } from './flow.ts';
import { HostileText } from '../../components/HostileText.tsx';
import { Integrity } from '../../components/Integrity.tsx';
import { OutcomeMark } from '../../components/Mark.tsx';
import { bytes, clock } from '../../text/format.ts';
import { flowSourceName } from './flow.ts';
import { edgeId, placesOf, sourceId } from './layout.ts';
import { revealText } from '../../text/reveal.ts';
import styles from './FlowGraph.module.css';

type SourceNode = Node<{ readonly source: FlowSource }, 'source'>;
type CallNode = Node<{ readonly call: FlowCall }, 'call'>;
type ValueEdge = Edge<{ readonly edge: FlowEdge; readonly end: number }, 'value'>;

/** Calls that are drawn, newest: more cannot be read. The table has all. */
const mostCalls = 40;

/** Sources on the left, calls on the right, and between them what was taken from where. */
export function FlowGraph({ flow }: { flow: Flow }) {
  const { nodes, edges, height } = useMemo(() => drawingOf(flow), [flow]);
  return (
    <div className={styles.graph} style={{ height }}>
      {flow.calls.length > mostCalls ? (
        <p className={styles.note}>The newest {mostCalls} calls; the table has all.</p>
      ) : null}
      <ReactFlow
        // What cannot be seen is in the table, which says the same.
        aria-label="Graph of sources and calls. The table shows the same."
        nodes={nodes}
        edges={edges}
        nodeTypes={nodeTypes}
        edgeTypes={edgeTypes}
        fitView
        fitViewOptions={{ padding: 0.06, maxZoom: 1 }}
        minZoom={0.3}
        maxZoom={1.6}
        nodesDraggable={false}
        nodesConnectable={false}
        nodesFocusable={false}
        edgesFocusable={false}
        elementsSelectable={false}
        disableKeyboardA11y
        zoomOnScroll={false}
        preventScrolling={false}
      >
        <Controls showInteractive={false} position="top-right" />
      </ReactFlow>
    </div>
  );
}

function drawingOf(flow: Flow) {
  const calls = flow.calls.slice(-mostCalls);
  const drawn = new Set(calls.map(({ eventId }) => eventId));
  const between = flow.edges.filter(({ eventId }) => drawn.has(eventId));
  const { boxOf, endOf, height } = placesOf(flow.sources, calls, between);
  const placed = (id: string) => {
    const { x, y, width, height: tall } = boxOf(id);
    return { id, position: { x, y }, width, height: tall };
  };
  const nodes: (SourceNode | CallNode)[] = [
    ...flow.sources.map((source) => ({
      ...placed(sourceId(source.source)),
      type: 'source' as const,
      data: { source },
    })),
    ...calls.map((call) => ({ ...placed(call.eventId), type: 'call' as const, data: { call } })),
  ];
  const edges = between.map((edge): ValueEdge => ({
    id: edgeId(edge),
    type: 'value',
    source: sourceId(edge.source),
    target: edge.eventId,
    data: { edge, end: endOf(edge) },
    zIndex: edge.isSuspect ? 2 : 1,
    ariaLabel: revealText(`${edge.paths.join(', ')} came from source ${edge.source}`),
  }));
  return { nodes, edges, height: Math.min(640, Math.max(260, height + 60)) };
}

function SourceView({ data: { source } }: NodeProps<SourceNode>) {
  const { eventId, integrity, bytes: size } = source;
  const name = (
    <span className={styles.name}>
      <HostileText text={flowSourceName(source)} max={34} />
    </span>
  );
  return (
    <div className={styles.node} data-integrity={integrity}>
      {eventId === undefined ? name : <ToEvent id={eventId}>{name}</ToEvent>}
      <span className={styles.facts}>
        <Integrity of={integrity} />
        {size === undefined ? null : <span>{bytes(size)}</span>}
      </span>
      <Handle type="source" position={Position.Right} className={styles.handle ?? ''} isConnectable={false} />
    </div>
  );
}

function CallView({ data: { call } }: NodeProps<CallNode>) {
  return (
    <div className={styles.node} data-outcome={call.outcome}>
      <Handle type="target" position={Position.Left} className={styles.handle ?? ''} isConnectable={false} />
      <ToEvent id={call.eventId}>
        <code className={styles.name}>
          <HostileText text={call.tool} max={30} />
        </code>
      </ToEvent>
      <span className={styles.facts}>
        <OutcomeMark outcome={call.outcome} />
        <span>{clock(call.at)}</span>
      </span>
    </div>
  );
}

function ToEvent({ id, children }: { id: string; children: React.ReactNode }) {
  return (
    <Link
      to="."
      search={(old) => ({ ...old, view: undefined, as: undefined, event: id })}
      className={`${styles.link} nopan`}
      data-list-item="open"
    >
      {children}
    </Link>
  );
}

function ValueView({ sourceX, sourceY, targetX, targetY, data }: EdgeProps<ValueEdge>) {
  if (data === undefined) return null;
  const { paths, isSuspect } = data.edge;
  const y = targetY + data.end;
  const [path] = getBezierPath({
    sourceX,
    sourceY,
    targetX,
    targetY: y,
    sourcePosition: Position.Right,
    targetPosition: Position.Left,
  });
  return (
    <>
      <BaseEdge path={path} className={isSuspect ? styles.suspect : styles.edge} interactionWidth={0} />
      <EdgeLabelRenderer>
        <span
          className={styles.label}
          data-suspect={isSuspect || undefined}
          style={{ transform: `translate(-100%, -50%) translate(${targetX - 8}px, ${y}px)` }}
        >
          {isSuspect ? <span aria-hidden="true">▲ </span> : null}
          <HostileText text={paths.slice(0, 2).join(', ')} max={34} />
          {paths.length > 2 ? ` +${paths.length - 2}` : ''}
        </span>
      </EdgeLabelRenderer>
    </>
  );
}

const nodeTypes = { source: SourceView, call: CallView };
const edgeTypes = { value: ValueView };
