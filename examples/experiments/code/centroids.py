"""Nearest centroid: the simplest classifier there is."""
import json

from npy import rows


def classify(train_x, train_y, test_x, test_y, features, power):
    labels = [int(row[0]) for row in rows(train_y)]
    sums, counts = {}, {}
    for row, label in zip(rows(train_x), labels):
        total = sums.setdefault(label, [0.0] * features)
        for i in range(features):
            total[i] += row[i]
        counts[label] = counts.get(label, 0) + 1
    centroids = {label: [v / counts[label] for v in total] for label, total in sorted(sums.items())}
    right = 0
    tests = rows(test_x)
    for row, label in zip(tests, (int(r[0]) for r in rows(test_y))):
        near = min(centroids, key=lambda c: sum(abs(row[i] - centroids[c][i]) ** power for i in range(features)))
        right += near == label
    print(f"{right} of {len(tests)} right")
    return {"accuracy": right / len(tests), "centroids": json.dumps(centroids).encode()}
