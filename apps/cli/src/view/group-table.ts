/**
 * The tables that a run prints before it starts: who is preconditioned how, group by group, and the curvature of each layer.
 */
import { formatBytes } from '@geodesic/telemetry';
import type { BundleSummary } from '../build-bundle.ts';
import type { LayerSummary } from '../layer-summary.ts';
import { formatCount } from './format.ts';
import type { Line } from './styled-text.ts';
import { textTable, type Column } from './text-table.ts';

type GroupRow = BundleSummary['groups'][number] & { readonly isTotal?: boolean };

const GROUP_COLUMNS: readonly Column<GroupRow>[] = [
  { heading: 'group', cell: ({ name }) => name, style: () => 'strong' },
  { heading: 'method', cell: ({ method }) => method, style: () => 'accent' },
  { heading: 'layers', cell: ({ layers, isTotal }) => (isTotal ? 'all' : formatCount(layers)), align: 'right', style: dimTotal },
  { heading: 'parameters', cell: ({ parameters }) => formatCount(parameters), align: 'right', style: dimTotal },
];

const LAYER_COLUMNS: readonly Column<LayerSummary>[] = [
  { heading: 'layer', cell: ({ layer }) => layer, style: () => 'strong' },
  { heading: 'group', cell: ({ group }) => group },
  { heading: 'kind', cell: ({ kind }) => kind },
  { heading: 'matrix', cell: ({ rows, columns }) => `[${rows} x ${columns}]`, align: 'right' },
  { heading: 'curvature', cell: ({ form }) => form, style: () => 'accent' },
  { heading: 'source', cell: ({ source }) => source },
  { heading: 'statistics', cell: ({ bytes }) => formatBytes(bytes), align: 'right' },
];

/** The lines of the tables, their headings and the total included. */
export function groupTable({ groups, parameters, curvature }: BundleSummary): readonly Line[] {
  const total: GroupRow = { name: '', method: '', layers: 0, parameters, isTotal: true };
  const ofLayers = curvature.length === 0 ? [] : [[], ...textTable(LAYER_COLUMNS, curvature)];
  return [[], ...textTable(GROUP_COLUMNS, [...groups, total]), ...ofLayers];
}

function dimTotal({ isTotal }: GroupRow): 'dim' | 'plain' {
  return isTotal ? 'dim' : 'plain';
}
