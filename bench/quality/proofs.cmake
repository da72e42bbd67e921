# Formal proofs and the mutation check (docs/results.md).
sluice_show_program(proofs proofs.cpp mutations_fault.cpp networks_list.cpp)
target_link_libraries(proofs PRIVATE sluice_quantize)
sluice_show_program(mutations mutations.cpp mutations_fault.cpp)
