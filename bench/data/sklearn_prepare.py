"""The peer of bench/data/prepare_memory: the same work with NumPy and scikit-learn, in memory, as is usual.

    sklearn_prepare.py FEATURES.npy LABELS.npy

Prints versions, seconds, peak kB, and mean and deviation of every column.
"""
import resource
import sys
import time

import numpy
import sklearn
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import LabelEncoder, StandardScaler

wall, processor = time.perf_counter(), time.process_time()
features = numpy.load(sys.argv[1])
labels = numpy.load(sys.argv[2])
scaler = StandardScaler()
scaled = scaler.fit_transform(features)
codes = LabelEncoder().fit_transform(labels)
train_x, test_x, train_y, test_y = train_test_split(scaled, codes, test_size=0.2, random_state=42)
wall, processor = time.perf_counter() - wall, time.process_time() - processor
print(f"NumPy {numpy.__version__}, scikit-learn {sklearn.__version__}")
print(wall, processor, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
for mean, deviation in zip(scaler.mean_, scaler.scale_):
    print(repr(float(mean)), repr(float(deviation)))
