"""One job of the benchmark with confluent-kafka-python; prints its outcome as JSON. Started by the benchmark."""
import json
import resource
import sys
import time

import confluent_kafka
from confluent_kafka import Consumer, Producer, TopicPartition

job = json.loads(sys.argv[1])
servers = ",".join(job["servers"])
records = job["records"]
value = bytes(job["size"])
headers = [("header", b"sixteen bytes ..")] * job["headers"] or None


def cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def memory(field):
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith(field):
                return int(line.split()[1]) * 1024
    return None


def forget_peak():
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
    except OSError:
        pass


class Measure:
    def __init__(self):
        self.cpu = cpu()
        self.start = time.monotonic()

    def outcome(self, count, latencies=()):
        result = {"records": count, "seconds": time.monotonic() - self.start, "cpuSeconds": cpu() - self.cpu}
        if latencies:
            latencies = sorted(latencies)
            result["p50"] = latencies[len(latencies) // 2]
            result["p99"] = latencies[min(len(latencies) - 1, len(latencies) * 99 // 100)]
        return result


def make_producer():
    producer = Producer({"bootstrap.servers": servers, "enable.idempotence": True})
    producer.produce(job["topic"], b"")
    producer.flush()
    return producer


def produce():
    producer = make_producer()
    done = 0
    failed = 0

    def report(error, message):
        nonlocal done, failed
        done += 1
        failed += error is not None

    measure = Measure()
    for number in range(records):
        fresh = bytes([number & 255]) * job["size"] if job["isFresh"] else value
        while True:
            try:
                producer.produce(job["topic"], fresh, headers=headers, on_delivery=report)
                break
            except BufferError:
                producer.poll(0.01)
        producer.poll(0)
    while done < records:
        producer.poll(1)
    assert failed == 0
    return measure.outcome(done)


def sends():
    """Each delivery callback sends its task's next record."""
    producer = make_producer()
    latencies = []
    left = records

    def send():
        nonlocal left
        if left == 0:
            return
        left -= 1
        sent = time.monotonic()

        def report(error, message):
            assert error is None
            latencies.append(time.monotonic() - sent)
            send()

        producer.produce(job["topic"], value, on_delivery=report)

    measure = Measure()
    for _ in range(job["tasks"]):
        send()
    while len(latencies) < records:
        producer.poll(1)
    return measure.outcome(len(latencies), latencies)


def make_consumer():
    consumer = Consumer(
        {
            "bootstrap.servers": servers,
            "group.id": job["group"],
            "enable.auto.offset.store": False,
            "enable.auto.commit": job["work"] == "store",
            "auto.commit.interval.ms": 1000,
        }
    )
    consumer.assign(
        [TopicPartition(job["topic"], partition, confluent_kafka.OFFSET_BEGINNING) for partition in range(job["partitions"])]
    )
    return consumer


def consume():
    consumer = make_consumer()
    count = 0
    total = 0
    measure = None
    while count < records:
        if job["way"] == "pythonPoll":
            message = consumer.poll(1)
            messages = [message] if message else []
        else:
            messages = consumer.consume(1000, 1)
        if messages and measure is None:
            measure = Measure()
        for message in messages:
            assert message.error() is None
            total += len(message.value())
            if job["headers"]:
                total += sum(len(data) for _, data in message.headers())
            if job["work"] == "store":
                consumer.store_offsets(message)
        count += len(messages)
    result = measure.outcome(count)
    consumer.close()
    return result


def commits():
    consumer = make_consumer()
    consumer.commit(consumer.poll(30), asynchronous=False)
    latencies = []
    measure = Measure()
    while len(latencies) < records - 1:
        message = consumer.poll(1)
        if message is None:
            continue
        begun = time.monotonic()
        consumer.commit(message, asynchronous=False)
        latencies.append(time.monotonic() - begun)
    result = measure.outcome(len(latencies), latencies)
    consumer.close()
    return result


before = memory("VmRSS") if sys.platform == "linux" else None
forget_peak()
result = {"produce": produce, "sends": sends, "consume": consume, "store": consume, "commits": commits}[job["work"]]()
if before is not None:
    result["peakBytes"] = max(0, memory("VmHWM") - before)
result["engine"] = confluent_kafka.libversion()[0]
print(json.dumps(result))
