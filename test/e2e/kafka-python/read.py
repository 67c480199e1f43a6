"""Reads a change stream by kafka-python, as somebody who has only the rule: order by epoch and count, take each change once and none
without the one before. Takes {"brokers", "topic"} on its input; says what it found as JSON."""

import json
import sys

from kafka import KafkaConsumer, TopicPartition

asked = json.load(sys.stdin)
consumer = KafkaConsumer(
    bootstrap_servers=asked["brokers"],
    enable_auto_commit=False,
    consumer_timeout_ms=30_000,
    max_poll_records=5_000,
)
places = [TopicPartition(asked["topic"], n) for n in sorted(consumer.partitions_for_topic(asked["topic"]))]
consumer.assign(places)
ends = consumer.end_offsets(places)
begins = consumer.beginning_offsets(places)
consumer.seek_to_beginning(*places)
left = {place for place in places if ends[place] > begins[place]}

last = {}
seen = {"changes": 0, "repeated": 0, "ahead": 0, "elsewhere": 0}
while left:
    found = consumer.poll(timeout_ms=30_000)
    if not found:
        sys.exit(f"nothing came any more; left: {left}")
    for place, messages in found.items():
        for message in messages:
            if message.offset >= ends[place]:
                continue
            headers = dict(message.headers)
            change = json.loads(message.value)
            name = f'{change["identityId"]}/{change["datasetName"]}'
            epoch, count, partition = last.get(name, (0, 0, message.partition))
            at = (int(headers["epoch"]), change["syncCount"])
            if partition != message.partition:
                seen["elsewhere"] += 1
            if at <= (epoch, count):
                seen["repeated"] += 1
            elif int(headers["previousSyncCount"]) > count:
                seen["ahead"] += 1
            else:
                seen["changes"] += 1
                last[name] = (*at, message.partition)
        if consumer.position(place) >= ends[place]:
            left.discard(place)

print(json.dumps({**seen, "counts": {name: count for name, (_, count, _) in last.items()}}))
