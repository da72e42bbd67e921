# Formal proofs and the mutation check (docs/results.md).
sluice_show_program(proofs proofs.cpp mutations_fault.cpp networks_list.cpp)
target_link_libraries(proofs PRIVATE sluice_quantize)
sluice_show_program(mutations mutations.cpp mutations_fault.cpp mutations_equivalent.cpp)
# Bits in FIFOs beside hls4ml's and the vendor's.
sluice_show_program(fifo_depths fifo_depths.cpp networks_list.cpp)
target_link_libraries(fifo_depths PRIVATE sluice_quantize)
# Logic against sparsity.
sluice_show_program(pruned pruned.cpp)
target_link_libraries(pruned PRIVATE sluice_quantize sluice_page)
