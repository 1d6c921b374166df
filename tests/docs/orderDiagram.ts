/** Draws the states of an order by trying them: every thing that can happen, in every state that can be reached. */
import { decimal } from '../../src/domain/decimal.ts';
import { isTerminal, type OrderStatus } from '../../src/domain/order.ts';
import { Bench } from '../execution/harness.ts';

const BROKER_STATUSES: readonly OrderStatus[] = [
  'accepted',
  'pending_new',
  'held',
  'new',
  'partially_filled',
  'stopped',
  'suspended',
  'calculated',
  'done_for_day',
  'pending_replace',
  'pending_cancel',
  'replaced',
  'rejected',
  'expired',
  'canceled',
];

interface Stimulus {
  /** In words, as on an arrow. */
  readonly name: string;
  apply(bench: Bench, id: string): void;
}

const BROKER_WORDS: readonly Stimulus[] = [
  ...BROKER_STATUSES.filter((status) => status !== 'partially_filled').map((status) => ({
    name: `the broker says ${status}`,
    apply: (bench: Bench, id: string) => bench.update(id, status, status),
  })),
  { name: 'the broker says partially_filled', apply: (bench, id) => bench.fill(id, '1') },
  {
    name: 'the broker says filled',
    apply: (bench, id) => {
      const { quantity, filledQuantity } = bench.told(id);
      if (quantity > filledQuantity) bench.fill(id, String((quantity - filledQuantity) / decimal('1')));
      else bench.update(id, 'fill', 'filled', quantity);
    },
  },
];

const OURS: readonly Stimulus[] = [
  {
    name: 'the broker refuses it',
    apply: (bench, clientOrderId) => {
      const rest = { httpStatus: 403, vendorCode: null, message: 'no', retryAfterMs: null };
      bench.feed({ type: 'submitted', clientOrderId, outcome: { type: 'refused', ...rest } });
    },
  },
  {
    name: 'the request was never sent',
    apply: (bench, clientOrderId) =>
      bench.feed({ type: 'submitted', clientOrderId, outcome: { type: 'not_sent', message: 'no' } }),
  },
  {
    name: 'the answer is lost',
    apply: (bench, clientOrderId) =>
      bench.feed({ type: 'submitted', clientOrderId, outcome: { type: 'unknown', message: 'no' } }),
  },
  { name: 'no answer in time', apply: (bench) => bench.pass(11) },
  {
    name: 'asked: not known, and old enough to tell',
    apply: (bench, clientOrderId) => {
      bench.pass(6);
      bench.feed({ type: 'resolved', clientOrderId, order: null });
    },
  },
  {
    name: 'asked: not known, and too old to send again',
    apply: (bench, clientOrderId) => {
      bench.pass(31);
      bench.feed({ type: 'resolved', clientOrderId, order: null });
    },
  },
];

const STIMULI = [...OURS, ...BROKER_WORDS];

interface Edge {
  readonly from: OrderStatus;
  readonly to: OrderStatus;
  readonly name: string;
}

/** A bench with an order that has come along the path, and its status there. */
function walk(path: readonly Stimulus[]): OrderStatus {
  const bench = new Bench();
  const id = bench.order({ quantity: decimal('50') });
  for (const stimulus of path) stimulus.apply(bench, id);
  return bench.told(id).status;
}

function explore(): { readonly states: ReadonlySet<OrderStatus>; readonly edges: readonly Edge[] } {
  const paths = new Map<OrderStatus, readonly Stimulus[]>([[walk([]), []]]);
  const edges: Edge[] = [];
  for (const [from, path] of paths) {
    for (const stimulus of STIMULI) {
      const to = walk([...path, stimulus]);
      if (to !== from) edges.push({ from, to, name: stimulus.name });
      if (!paths.has(to)) paths.set(to, [...path, stimulus]);
    }
  }
  return { states: new Set(paths.keys()), edges };
}

/** States that the broker's words lead to and that are drawn as one; their arrows are drawn once. */
interface Group {
  readonly name: string;
  readonly title: string;
  readonly label: string;
  readonly members: readonly OrderStatus[];
}

export function drawOrders(): string {
  const { states, edges } = explore();
  const byBroker = [...states].filter((status) => status === 'filled' || BROKER_STATUSES.includes(status));
  const groups: readonly Group[] = [
    {
      name: 'open',
      title: 'open at the broker',
      label: 'the broker tells of it',
      members: byBroker.filter((status) => !isTerminal(status)),
    },
    {
      name: 'ended',
      title: 'ended at the broker',
      label: 'the broker says how it ended',
      members: byBroker.filter((status) => isTerminal(status) && status !== 'rejected'),
    },
  ];
  const groupOf = (status: OrderStatus) => groups.find(({ members }) => members.includes(status));
  const arrows = new Map<string, Set<string>>();
  for (const { from, to, name } of edges) {
    const target = groupOf(to);
    const arrow = `  ${groupOf(from)?.name ?? from} --> ${target?.name ?? to}`;
    arrows.set(arrow, (arrows.get(arrow) ?? new Set()).add(target?.label ?? name));
  }
  return [
    'stateDiagram-v2',
    '  [*] --> submitting: approved by risk, written down',
    ...groups.flatMap(({ name, title, members }) => [
      `  state "${title}" as ${name} {`,
      ...members.map((status) => `    ${status}`),
      '  }',
    ]),
    ...[...arrows].map(([arrow, names]) => `${arrow}: ${[...names].join(' · ')}`),
    '  ended --> [*]',
    ...[...states]
      .filter((status) => isTerminal(status) && !groupOf(status))
      .map((end) => `  ${end} --> [*]`),
  ].join('\n');
}

/** Statuses of the broker that nothing leads to. */
export function unreachable(): readonly string[] {
  const { edges } = explore();
  return BROKER_STATUSES.filter((status) => !edges.some(({ to }) => to === status));
}
