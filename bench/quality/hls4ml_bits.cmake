add_executable(hls4ml_bits hls4ml_bits.cpp)
target_link_libraries(hls4ml_bits PRIVATE sluice_compat_recorded fmt::fmt)
