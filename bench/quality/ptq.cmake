# Post-training quantization: needs no hardware area.
add_executable(ptq ptq.cpp)
target_link_libraries(ptq PRIVATE sluice_flags sluice_quantize sluice_frontend sluice_onnx_writer fmt::fmt)
