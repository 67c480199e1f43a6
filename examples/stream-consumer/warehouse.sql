-- Loads a topic into DuckDB, each change once, however often it came; run again, it adds what is new. First, and before each run:
--   kcat -b 127.0.0.1:9092 -C -t changes -o beginning -e -q -J > changes.jsonl
--   duckdb warehouse.duckdb < warehouse.sql
CREATE TABLE IF NOT EXISTS change (identity TEXT, dataset TEXT, epoch BIGINT, sync_count BIGINT, previous BIGINT, pool TEXT, operation TEXT, accepted_at TIMESTAMP, records JSON, records_url TEXT, PRIMARY KEY (identity, dataset, epoch, sync_count));
CREATE OR REPLACE TEMP VIEW message AS SELECT payload::JSON AS p, map(headers[1:-1:2], headers[2:-1:2]) AS h FROM read_json('changes.jsonl', format = 'newline_delimited', maximum_object_size = 33554432, columns = {payload: 'TEXT', headers: 'TEXT[]'});
INSERT OR IGNORE INTO change SELECT DISTINCT p->>'identityId', p->>'datasetName', h['epoch']::BIGINT, (p->>'syncCount')::BIGINT, h['previousSyncCount']::BIGINT, p->>'identityPoolId', p->>'operation', make_timestamp(1000 * (p->>'lastModifiedDate')::BIGINT), p->'kinesisSyncRecords', p->>'kinesisSyncRecordsURL' FROM message WHERE h['type'] = 'change';
SELECT accepted_at::DATE AS day, dataset, count(*) AS changes, sum(json_array_length(records)) AS keys, count(DISTINCT identity) AS identities FROM change GROUP BY ALL ORDER BY ALL;
SELECT identity, dataset, previous AS missing FROM (SELECT *, lag(sync_count, 1, 0) OVER (PARTITION BY identity, dataset ORDER BY epoch, sync_count) AS before FROM change) WHERE previous > before;
