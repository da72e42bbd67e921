# Bitstreams of the open flow; published boards and da4ml beside ours.
sluice_show_program(bitstreams bitstreams.cpp)
target_link_libraries(bitstreams PRIVATE sluice_device)
sluice_show_program(shared_roms shared_roms.cpp)
target_link_libraries(shared_roms PRIVATE sluice_show_networks)
sluice_show_program(boards boards.cpp)
target_link_libraries(boards PRIVATE sluice_show_networks sluice_device nlohmann_json::nlohmann_json)
