# The cost counter against synthesis.
find_package(nlohmann_json REQUIRED)
add_executable(cost_against_yosys cost_against_yosys.cpp cost_corpus.cpp)
target_link_libraries(cost_against_yosys PRIVATE sluice_frontend sluice_passes sluice_flow sluice_kernel_testing nlohmann_json::nlohmann_json)
